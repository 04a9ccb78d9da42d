"""A video file as a source of frames."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from math import ceil
from pathlib import Path

from edge_vad.errors import BadInput, WrongUse
from edge_vad.opencv import cv2
from edge_vad.sources.folder import PICTURE_SUFFIXES
from edge_vad.sources.pictures import as_bgr
from edge_vad.sources.recording import Images, Recording, refuse_beyond
from edge_vad.sources.spec import RecordingSpec

FALLBACK_FPS = 25.0
"""Frames a second where a file says none, or a number no camera has."""

_PLAUSIBLE_FPS = (0.1, 240.0)

# Named, because OpenCV's other readers take `Test001.avi` for a series of pictures.
_READERS = (cv2.CAP_FFMPEG, cv2.CAP_GSTREAMER)


class VideoSource(Recording):
    """The frames of a video file.

    `length` is what the container announces, which some containers estimate; with a range that
    has an end it is exact.

    Args:
        spec: The file and the range of its frames.

    Raises:
        BadInput: The file cannot be read as a video.
        WrongUse: The range goes beyond its end, or the file is a single picture.
    """

    def __init__(self, spec: RecordingSpec) -> None:
        if spec.path.suffix.lower() in PICTURE_SUFFIXES:
            raise WrongUse(f"{spec.path} is a single picture", "give the folder that holds it")
        with _opened(spec.path) as capture:
            declared_fps = capture.get(cv2.CAP_PROP_FPS)
            count = capture.get(cv2.CAP_PROP_FRAME_COUNT)
        fps = plausible_fps(declared_fps)
        super().__init__(spec, fps)
        # Containers without a count have it estimated from duration and rate.
        self._announced = int(count) if fps == declared_fps and 0 < count < 1e9 else None
        if self._announced is not None:
            refuse_beyond(spec, self._announced, _tolerance(self._announced))
        end = spec.frames.stop or self._announced
        self.length = None if end is None else max(end - spec.frames.start, 1)

    def _images(self) -> Images:
        start, stop = self._spec.frames.start, self._spec.frames.stop
        index = 0
        with _opened(self._spec.path) as capture:
            # Seeking by number lands on a key frame in some containers; grabbing is exact.
            while index < start and capture.grab():
                index += 1
            while index >= start and (stop is None or index < stop):
                is_read, image = capture.read()
                if not is_read:
                    break
                yield index, as_bgr(image)
                index += 1
        self._refuse_cut(index)

    def _refuse_cut(self, decoded: int) -> None:
        path, frames, announced = self._spec.path, self._spec.frames, self._announced or 0
        if decoded >= (frames.stop or max(frames.start + 1, announced - _tolerance(announced))):
            return
        if decoded == 0:
            raise BadInput(
                f"no frame of {path} can be decoded", "check that it plays, or copy it again"
            )
        is_announced = announced and frames.stop is None
        wanted = f"it announces {announced}" if is_announced else f"{frames} was asked for"
        start = frames.start if frames.start < decoded else 0
        raise BadInput(
            f"{path} breaks off after frame {decoded - 1}, though {wanted}",
            f"use {path}:{start}-{decoded} for the frames that decode, or copy the file again",
        )


def plausible_fps(declared: float) -> float:
    """Take a file's word for its frame rate unless it is zero, no number or absurd."""
    slowest, fastest = _PLAUSIBLE_FPS
    return declared if slowest <= declared <= fastest else FALLBACK_FPS


def _tolerance(announced: int) -> int:
    """How far off an announced frame count may be: two frames, or two in a hundred."""
    return max(2, ceil(announced * 0.02))


@contextmanager
def _opened(path: Path) -> Iterator[cv2.VideoCapture]:
    # Absolute, because FFmpeg takes what stands before a colon for a protocol.
    name = str(path.absolute())
    with _quiet_opencv():
        captures = (cv2.VideoCapture(name, reader) for reader in _READERS)
        capture = next((each for each in captures if each.isOpened()), None)
    if capture is None:
        raise BadInput(
            f"{path} cannot be read as a video",
            "check that it is a complete video file that you may read and that it plays",
        )
    try:
        yield capture
    finally:
        capture.release()


@contextmanager
def _quiet_opencv() -> Iterator[None]:
    """Silence the remarks on readers that decline a file; OpenCV before 4.10 cannot."""
    logging = getattr(cv2.utils, "logging", None)
    if logging is None:
        yield
        return
    level = logging.setLogLevel(logging.LOG_LEVEL_SILENT)
    try:
        yield
    finally:
        logging.setLogLevel(level)
