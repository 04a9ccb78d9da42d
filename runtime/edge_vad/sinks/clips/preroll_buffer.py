"""The last seconds of a camera, as JPEG pictures in bounded memory."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple


class JpegFrame(NamedTuple):
    """A frame that was kept.

    Attributes:
        time_s: When it was taken, on the camera's clock.
        jpeg: The frame.
    """

    time_s: float
    jpeg: bytes


class PrerollBuffer:
    """A ring of pictures.

    Args:
        seconds: How far it reaches back.
        max_bytes: What the pictures may take; beyond, it reaches back less far.
    """

    def __init__(self, seconds: float, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.bytes = 0
        self._seconds = seconds
        self._pictures: deque[JpegFrame] = deque()

    def add(self, picture: JpegFrame) -> None:
        """Add the newest picture; what is too old or too much goes."""
        if self._pictures and picture.time_s < self._pictures[-1].time_s:
            self.clear()  # the camera's clock began anew
        self._pictures.append(picture)
        self.bytes += len(picture.jpeg)
        oldest_s = picture.time_s - self._seconds
        while len(self._pictures) > 1 and (
            self._pictures[0].time_s < oldest_s or self.bytes > self.max_bytes
        ):
            self.bytes -= len(self._pictures.popleft().jpeg)

    def pictures(self) -> list[JpegFrame]:
        """All pictures, oldest first."""
        return list(self._pictures)

    def clear(self) -> None:
        """Forget all pictures."""
        self._pictures.clear()
        self.bytes = 0
