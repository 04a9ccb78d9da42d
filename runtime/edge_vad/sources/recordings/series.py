"""Several recordings, one after the other, as one source."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import cast

from edge_vad.errors import BadInput
from edge_vad.frame import Frame
from edge_vad.sources.addresses.spec import FrameRange, RecordingSpec
from edge_vad.sources.base import Source, SourceState
from edge_vad.sources.recordings.folder import natural_key
from edge_vad.sources.recordings.recording import log
from edge_vad.sources.recordings.video import VideoSource

VIDEO_SUFFIXES = frozenset(
    {".avi", ".flv", ".m4v", ".mkv", ".mov", ".mp4", ".mpg", ".mpeg", ".ts", ".webm", ".wmv"}
)


class Series(Source):
    """Recordings in the order of time; each is a take of its own.

    Args:
        name: Of the whole.
        parts: The recordings; at least one.
        frames: Which frames of the whole to use.
        skips_lost: Leave out, with a warning, a recording that is gone when its turn comes:
            recorders delete the oldest ones.
    """

    def __init__(
        self,
        name: str,
        parts: Sequence[Source],
        frames: FrameRange | None = None,
        *,
        skips_lost: bool = False,
    ) -> None:
        self.name, self._parts, self._skips_lost = name, parts, skips_lost
        self._frames = frames or FrameRange()
        self.fps = sorted(part.fps for part in parts)[len(parts) // 2]
        lengths = [part.length for part in parts]
        whole = None if None in lengths else sum(cast("list[int]", lengths))
        stop = self._frames.stop if whole is None else min(self._frames.stop or whole, whole)
        self.length = None if stop is None else max(stop - self._frames.start, 1)

    @property
    def decoder(self) -> str:  # type: ignore[override]
        """What decodes them."""
        return next((part.decoder for part in reversed(self._parts) if part.decoder), "")

    def __iter__(self) -> Generator[Frame, None, None]:
        """Hand out the frames of all, from the beginning."""
        return self.play()

    def play(self, fps: float | None = None) -> Generator[Frame, None, None]:
        """Hand out the frames of all; see `Source.play`."""
        self.state, self.skipped = SourceState.LIVE, 0
        index = take = 0
        begins_s, found = 0.0, False
        for part in self._parts:
            last, skipped = None, self.skipped
            with closing(self._play_part(part, fps)) as frames:
                for last in frames:
                    self.skipped = skipped + part.skipped
                    if self._frames.stop is not None and index + last.index >= self._frames.stop:
                        return
                    if index + last.index >= self._frames.start:
                        found = True
                        yield replace(
                            last,
                            index=index + last.index,
                            time_s=begins_s + last.time_s,
                            take=take + last.take,
                        )
            self.skipped = skipped + part.skipped
            if last is not None:
                index += max(last.index + 1, part.length or 0)
                begins_s += last.time_s + 1 / part.fps
                take += last.take + 1
        self.state = SourceState.ENDED
        if not found:
            raise BadInput(f"no frame of {self.name} can be decoded", "look at the recordings")

    def _play_part(self, part: Source, fps: float | None) -> Generator[Frame, None, None]:
        """The frames of a recording; none of one that is lost."""
        has_begun = False
        try:
            part.form = self.form
            with closing(cast("Generator[Frame, None, None]", part.play(fps))) as frames:
                for frame in frames:
                    has_begun = True
                    yield frame
        except BadInput as error:
            if has_begun or not self._skips_lost:
                raise
            log.warning("%s, and is skipped", error.what)

    def close(self) -> None:
        """Close all of them."""
        for part in self._parts:
            part.close()


def list_recordings(folder: Path) -> list[Path]:
    """Find the video files of a folder and of the folders in it, in natural order of their names.

    Recorders name files, and folders of a day, by the time.

    Raises:
        BadInput: The folder cannot be listed.
    """
    try:
        found = [path for path in folder.rglob("*") if path.suffix.lower() in VIDEO_SUFFIXES]
        return sorted(filter(_is_seen, found), key=lambda path: natural_key(str(path)))
    except OSError as error:
        raise BadInput(
            f"{folder} cannot be listed ({error.strerror})",
            "check that it is a folder that you may read",
        ) from error


def open_recordings(
    spec: RecordingSpec, paths: Sequence[Path], *, strict: bool, fps: float | None
) -> Series:
    """Open the video files of a folder as one source; one that is broken is left out and told.

    Raises:
        BadInput: None of them can be read, or one cannot and reading is strict.
    """
    parts: list[Source] = []
    for path in paths:
        try:
            parts.append(
                VideoSource(replace(spec, path=path, frames=FrameRange()), strict=strict, fps=fps)
            )
        except BadInput as error:  # noqa: PERF203 - one that is broken spoils no others
            if strict:
                raise
            log.warning("%s, and is skipped", error.what)
    if not parts:
        raise BadInput(
            f"none of the {len(paths)} recordings in {spec.path} can be read",
            "copy the folder again from where it came",
        )
    return Series(spec.name, parts, spec.frames, skips_lost=not strict)


def _is_seen(path: Path) -> bool:
    return path.is_file() and not path.name.startswith(".")
