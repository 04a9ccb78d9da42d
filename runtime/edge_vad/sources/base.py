"""The interface of every source of frames."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from enum import Enum

from edge_vad.files.closing import Closing
from edge_vad.frame import Frame
from edge_vad.motion.pace import limit_rate


class SourceState(str, Enum):
    """Whether frames are coming."""

    LIVE = "live"
    NO_SIGNAL = "no signal"
    ENDED = "ended"


class Source(Closing, ABC):
    """An iterable of frames from a file, a folder, a camera or a simulation.

    Attributes:
        name: Short and safe as a folder name; never holds a password.
        fps: Frames a second, about: what counts is the time of each frame.
        length: About how many frames it will hand out, or None where that is not known.
        state: Whether frames are coming.
        skipped: Pictures that could not be decoded, or not whole, and were left out so far.
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

    def play(self, fps: float | None = None) -> Iterator[Frame]:
        """Hand out the frames in order, from the beginning, and of fast ones no more than wanted.

        Args:
            fps: Frames a second that are wanted, at most about so many; all when None.
        """
        return limit_rate(self, fps)

    def close(self) -> None:
        """Give back the file or device; harmless when called twice."""
