"""A box that holds one frame: the newest."""

from __future__ import annotations

import threading
from collections import deque

import numpy as np
from numpy.typing import NDArray

from edge_vad.frame import Frame


class NewestFrame:
    """Hands frames from the thread that captures to the one that looks at them.

    A frame that nobody took before the next one came is dropped and counted. Images go round: one
    that is given back, or dropped, is written into again.

    Args:
        keeps: Whether the giver waits until the frame before is taken, instead of dropping it.

    Attributes:
        dropped: Frames that nobody took.
    """

    def __init__(self, *, keeps: bool = False) -> None:
        self.dropped = 0
        self._keeps = keeps
        self._frame: Frame | None = None
        self._spare: deque[NDArray[np.uint8]] = deque(maxlen=2)
        self._changed = threading.Condition()
        self._closed = False

    @property
    def waiting(self) -> bool:
        """Whether there is a frame to take."""
        return self._frame is not None

    def put(self, frame: Frame) -> None:
        """Put the newest frame in; of one still there nobody will know but the count."""
        with self._changed:
            if self._keeps:
                self._changed.wait_for(lambda: self._frame is None or self._closed)
            if self._frame is not None:
                self.dropped += 1
                self._spare.append(self._frame.image)
            self._frame = frame
            self._changed.notify_all()

    def take(self, timeout_s: float = 0.0) -> Frame | None:
        """Take the frame out; None where none comes in this time."""
        with self._changed:
            if self._frame is None and timeout_s > 0:
                self._changed.wait_for(lambda: self._frame is not None or self._closed, timeout_s)
            frame, self._frame = self._frame, None
            self._changed.notify_all()
            return frame

    def give_back(self, image: NDArray[np.uint8]) -> None:
        """Let the image of a frame that was taken be written into again."""
        with self._changed:
            self._spare.append(image)

    def spare(self) -> NDArray[np.uint8] | None:
        """An image that may be written into; None where all are in use."""
        with self._changed:
            return self._spare.popleft() if self._spare else None

    def empty(self) -> None:
        """Drop the frame that waits: the camera is gone, and it is of before."""
        with self._changed:
            if self._frame is not None:
                self.dropped += 1
            self._frame = None
            self._changed.notify_all()

    def close(self) -> None:
        """Let nobody wait any longer."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
