"""The interface of every source of frames."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from enum import Enum
from functools import partial

import numpy as np
from numpy.typing import NDArray

from edge_vad.files.closing import Closing
from edge_vad.frame import Form, Frame
from edge_vad.motion.pace import limit_rate


class SourceState(str, Enum):
    """Whether frames are coming."""

    LIVE = "live"
    NO_SIGNAL = "no signal"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Decoded:
    """A picture that was decoded, and is converted only if it is wanted.

    Attributes:
        index: Its position in the source.
        time_s: Seconds on the source's clock; see `Frame`.
        image: Converts it: uint8, (height, width, 3), blue-green-red; None where that fails.
        take: Number of the take it belongs to.
        planes: Converts it to NV12 of a form; None where that cannot be had.
    """

    index: int
    time_s: float
    image: Callable[[], NDArray[np.uint8] | None]
    take: int = 0
    planes: Callable[[Form], NDArray[np.uint8]] | None = None


class Source(Closing, ABC):
    """An iterable of frames from a file, a folder, a camera or a simulation.

    Attributes:
        name: Short and safe as a folder name; never holds a password.
        fps: Frames a second, about: what counts is the time of each frame.
        length: About how many frames it will hand out, or None where that is not known.
        state: Whether frames are coming.
        skipped: Pictures that could not be decoded, or not whole, and were left out so far.
        decoder: What decodes the pictures, once they are; empty where nothing has to.
        is_live: Whether frames that nobody is ready for are dropped, their numbers left out.
        form: Of the NV12 that frames are to carry, too, where it can be had; set before it is
            iterated.
    """

    name: str
    fps: float
    length: int | None = None
    state: SourceState = SourceState.LIVE
    skipped: int = 0
    decoder: str = ""
    is_live: bool = False
    form: Form | None = None

    @abstractmethod
    def __iter__(self) -> Iterator[Frame]:
        """Hand out the frames in order, from the beginning."""

    def play(self, fps: float | None = None) -> Iterator[Frame]:
        """Hand out the frames in order, from the beginning, and of fast ones no more than wanted.

        Args:
            fps: Frames a second that are wanted, at most about so many; all when None.
        """
        return limit_rate(self, fps)

    def decoded(self) -> Generator[Decoded, None, None]:
        """Hand out the pictures in order, from the beginning, before they are converted."""
        for frame in self:
            yield Decoded(frame.index, frame.time_s, partial(_as_it_is, frame.image), frame.take)

    def close(self) -> None:
        """Give back the file or device; harmless when called twice."""


def _as_it_is(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return image
