"""A video file as a source of frames."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from math import ceil

from edge_vad.errors import BadInput, Unavailable, WrongUse
from edge_vad.sources.addresses.spec import RecordingSpec
from edge_vad.sources.base import Decoded
from edge_vad.sources.decoding.video_file import VideoFile, has_pyav, no_video
from edge_vad.sources.recordings.folder import PICTURE_SUFFIXES
from edge_vad.sources.recordings.recording import Pictures, Recording, refuse_beyond
from edge_vad.sources.recordings.stamps import Stamps


class VideoSource(Recording):
    """The frames of a video file.

    Pictures that cannot be decoded, or not whole, are left out and counted. `length` is what the
    container announces, which is an estimate.

    Args:
        spec: The file, the range of its frames, and their rate where it cannot say.
        strict: Raise at the first picture that cannot be decoded.
        fps: Frames a second where neither the file nor its address says so.

    Raises:
        BadInput: The file cannot be read as a video, or says nothing of its rate.
        WrongUse: The range goes beyond its end, or the file is a single picture.
    """

    def __init__(
        self, spec: RecordingSpec, *, strict: bool = False, fps: float | None = None
    ) -> None:
        if spec.path.suffix.lower() in PICTURE_SUFFIXES:
            raise WrongUse(f"{spec.path} is a single picture", "give the folder that holds it")
        self._file = open_video(spec)
        fps = spec.fps or self._file.fps or fps
        if fps is None:
            raise BadInput(
                f"{spec.path} does not say its frame rate",
                f"say it, as in {spec.path}?fps=25 or --fps 25",
            )
        super().__init__(spec, fps, strict=strict)
        most, count = self._file.most, self._file.count
        if most is not None:
            refuse_beyond(spec, most, _tolerance(most))
        end = spec.frames.stop or count
        self.length = None if end is None else max(end - spec.frames.start, 1)

    @property
    def decoder(self) -> str:  # type: ignore[override]
        """What decodes it, once it is."""
        return self._file.decoder

    def pictures(self) -> Pictures:
        """Give every picture of the range that is whole; see `Recording.pictures`."""
        frames, stamps = self._spec.frames, Stamps(1 / self.fps)
        index, time_s, found = -1, 0.0, 0
        with closing(self._file.decode()) as pictures:
            for index, (image, stamp_s, planes) in enumerate(pictures):
                if frames.stop is not None and index >= frames.stop:
                    break
                if image is None:
                    self._skip_damaged(index)
                    stamps.miss(None if self._spec.fps else stamp_s)
                    continue
                time_s = stamps.at(None if self._spec.fps else stamp_s)  # what is said counts
                if index >= frames.start:
                    found += 1
                    yield Decoded(index, time_s, image, stamps.takes, planes)
        self._look_back(index + 1, time_s, found)
        if stamps.repeated > _tolerance(index):
            self._report(
                f"{self._spec.path} says of {stamps.repeated} of {index + 1} frames no time of "
                f"their own: they are taken to follow at {self.fps:.3g} a second"
            )

    def _skip_damaged(self, index: int) -> None:
        if index >= self._spec.frames.start:
            self._skip(f"a picture of {self._spec.path} cannot be decoded whole")

    def _look_back(self, decoded: int, last_s: float, found: int) -> None:
        """See whether what was announced, or asked for, has come."""
        path, frames = self._spec.path, self._spec.frames
        if not found:
            where = "" if frames.is_whole else f"{frames} "
            raise BadInput(
                f"no frame {where}of {path} can be decoded",
                "check that it plays and how long it is, or copy it again",
            )
        wanted = frames.stop or self._file.count or 0
        came = decoded if frames.stop else round(last_s * self.fps) + 1
        if came < wanted - _tolerance(wanted):
            if frames.stop:
                self._report(f"{path} has {came} frames, though {frames} were asked for")
                return
            lasted_s, expected_s = came / self.fps, wanted / self.fps
            self._report(
                f"{path} ends after {lasted_s:.1f} s, though it says that it has {expected_s:.1f}"
            )


def _tolerance(announced: int) -> int:
    """How far off an announced frame count may be: two frames, or two in a hundred."""
    return max(2, ceil(announced * 0.02))


def open_video(spec: RecordingSpec) -> VideoFile:
    """Open a video file.

    Raises:
        BadInput: It cannot be read as a video.
        Unavailable: Neither PyAV nor OpenCV is installed, or there is no such unit.
    """
    if not spec.path.is_file():  # a device may have no end, and a pipe is read only once
        raise no_video(spec.path)
    if not has_pyav():
        return _by_opencv(spec)
    from edge_vad.sources.recordings.pyav_file import PyAvFile

    if spec.decode == "software":
        return PyAvFile(spec)
    from edge_vad.sources.decoding import pipelines

    if not pipelines.are_for_this_machine():
        return PyAvFile(spec)
    from edge_vad.sources.recordings.pipeline_file import PipelineFile

    pipelines.demand_pipelines(spec.decode)
    return PipelineFile(spec, PyAvFile(replace(spec, decode="software")))


def _by_opencv(spec: RecordingSpec) -> VideoFile:
    if spec.size or spec.decode != "software":
        raise Unavailable(f"{spec.path}: decode and size need PyAV", "run pip install av")
    from edge_vad.sources.recordings.opencv_file import OpenCvFile

    return OpenCvFile(spec.path)
