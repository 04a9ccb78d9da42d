"""What every source of frames promises."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from enum import Enum
from types import TracebackType
from typing import TypeVar

from edge_vad.frame import Frame

AnySource = TypeVar("AnySource", bound="Source")


class SourceState(str, Enum):
    """Whether frames are coming."""

    LIVE = "live"
    NO_SIGNAL = "no signal"
    ENDED = "ended"


class Source(ABC):
    """An iterable of frames, all of one size, from a file, a folder, a camera or a simulation.

    Attributes:
        name: Short and safe as a folder name; never holds a password.
        fps: Frames a second as the source declares it.
        length: How many frames it will hand out, or None where that is not known.
        state: Whether frames are coming.
        skipped: Frames that could not be read and were passed over, so far.
        is_live: Whether frames that nobody is ready for are dropped, their numbers left out.
    """

    name: str
    fps: float
    length: int | None = None
    state: SourceState = SourceState.LIVE
    skipped: int = 0
    is_live: bool = False

    @abstractmethod
    def __iter__(self) -> Iterator[Frame]:
        """Hand out the frames in order, from the beginning."""

    def close(self) -> None:
        """Give back the file or device; harmless when called twice."""

    def __enter__(self: AnySource) -> AnySource:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
