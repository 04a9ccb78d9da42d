"""What video files and folders of frames have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Generator
from contextlib import closing
from weakref import WeakSet

import numpy as np
from numpy.typing import NDArray

from edge_vad.errors import BadInput, WrongUse
from edge_vad.frame import Frame
from edge_vad.sources.base import Source, SourceState
from edge_vad.sources.spec import RecordingSpec

Images = Generator[tuple[int, NDArray[np.uint8]], None, None]


class Recording(Source):
    """Footage that lies on a disk: it can be played again and never drops a frame.

    Args:
        spec: Where it lies and which of its frames to use.
        fps: Frames a second.
    """

    def __init__(self, spec: RecordingSpec, fps: float) -> None:
        self.name = spec.name
        self.fps = fps
        self._spec = spec
        self._passes: WeakSet[Generator[Frame, None, None]] = WeakSet()

    def __iter__(self) -> Generator[Frame, None, None]:
        """Hand out the frames in order; every call begins anew.

        Raises:
            BadInput: The footage is broken, cut short, or its pictures differ in size.
        """
        frames = self._play()
        self._passes.add(frames)
        return frames

    def close(self) -> None:
        """End every iteration under way and give back what it holds."""
        for frames in list(self._passes):
            frames.close()

    @abstractmethod
    def _images(self) -> Images:
        """Give index and image of every frame that can be read."""

    def _picture(self, index: int) -> str:
        """Name a frame for a reader who wants to look at it."""
        return f"frame {index} of {self._spec.path}"

    def _play(self) -> Generator[Frame, None, None]:
        self.state, self.skipped = SourceState.LIVE, 0
        size: tuple[int, ...] | None = None
        try:
            with closing(self._images()) as images:
                for index, image in images:
                    size = size or image.shape
                    if image.shape != size:
                        raise self._size_changed(index, size, image.shape)
                    yield Frame(image, index, index / self.fps)
        finally:
            self.state = SourceState.ENDED

    def _size_changed(self, index: int, old: tuple[int, ...], new: tuple[int, ...]) -> BadInput:
        spec = self._spec
        return BadInput(
            f"{self._picture(index)} is {new[1]}x{new[0]}, those before are {old[1]}x{old[0]}",
            f"give all frames one size, or use {spec.path}:{spec.frames.start}-{index}",
        )


def refuse_beyond(spec: RecordingSpec, length: int, tolerance: int = 0) -> None:
    """See to it that the range lies within the recording.

    Args:
        spec: The recording and the range.
        length: How many frames it has.
        tolerance: How many more it may have.

    Raises:
        WrongUse: The range begins or ends beyond the last frame.
    """
    frames, reach = spec.frames, length + tolerance
    if frames.start >= reach or (frames.stop or 0) > reach:
        start = frames.start if frames.start < length else 0
        raise WrongUse(
            f"the range {frames} goes beyond the {length} frames of {spec.path}",
            f"stay within {spec.path}:{start}-{length}",
        )
