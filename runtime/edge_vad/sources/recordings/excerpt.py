"""A part of a recording, by the times of its frames."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator
from contextlib import closing
from typing import Protocol, TypeVar, cast

from edge_vad.errors import BadInput, WrongUse
from edge_vad.frame import Frame
from edge_vad.sources.addresses.spec import Part
from edge_vad.sources.base import Decoded, Source, SourceState


class _Timed(Protocol):
    @property
    def time_s(self) -> float: ...


_T = TypeVar("_T", bound=_Timed)


class Excerpt(Source):
    """The frames of a recording that lie in a stretch of time; they keep their number and time.

    Frames of a variable rate lie where their stamps say, which a range of frame numbers would not
    find.

    Args:
        whole: The recording; closed with the excerpt.
        part: Which part of it.
        name: See `Source`.

    Raises:
        WrongUse: The part is empty, begins after the end, or is a share of a duration that nobody
            knows.
    """

    def __init__(self, whole: Source, part: Part, name: str) -> None:
        self.name, self.fps, self._whole = name, whole.fps, whole
        duration_s = whole.length / whole.fps if whole.length else None
        try:
            self._start_s, self._stop_s = part.in_seconds(duration_s)
            self.length = self._length(duration_s)
        except WrongUse:
            whole.close()
            raise

    def _length(self, duration_s: float | None) -> int | None:
        end_s = min(self._stop_s, duration_s or math.inf)
        if duration_s is not None and self._start_s >= duration_s:
            raise WrongUse(
                f"{self.name} begins after the end of the recording, at {duration_s:.1f} s",
                "begin earlier",
            )
        seconds = end_s - self._start_s
        return max(round(seconds * self.fps), 1) if math.isfinite(seconds) else None

    @property
    def state(self) -> SourceState:  # type: ignore[override]
        """Whether frames are coming."""
        return self._whole.state

    @property
    def skipped(self) -> int:  # type: ignore[override]
        """Pictures that could not be decoded, or not whole, those before the part among them."""
        return self._whole.skipped

    @property
    def decoder(self) -> str:  # type: ignore[override]
        """What decodes the pictures."""
        return self._whole.decoder

    def __iter__(self) -> Generator[Frame, None, None]:
        """Hand out the frames of the part, from its beginning."""
        return self.play()

    def play(self, fps: float | None = None) -> Generator[Frame, None, None]:
        """The same, of fast ones no more than wanted; see `Source.play`."""
        return self._within(self._whole.play(fps))

    def decoded(self) -> Generator[Decoded, None, None]:
        """Hand out the pictures of the part; see `Source.decoded`."""
        return self._within(self._whole.decoded())

    def close(self) -> None:
        """Close the recording."""
        self._whole.close()

    def _within(self, pictures: Iterator[_T]) -> Generator[_T, None, None]:
        found = False
        with closing(cast("Generator[_T, None, None]", pictures)) as all_of_them:
            for picture in all_of_them:
                if picture.time_s >= self._stop_s:
                    break
                if picture.time_s >= self._start_s:
                    found = True
                    yield picture
        if not found:
            raise BadInput(
                f"no frame of {self.name} can be decoded",
                "check that the recording plays and how long it is",
            )
