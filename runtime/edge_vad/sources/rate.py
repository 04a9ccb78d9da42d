"""How fast frames come, and how many of them are wanted."""

from __future__ import annotations

_MEMORY = 0.05
_SLACK = 1.15
_OUTLIER = 4.0


class Rate:
    """Measures the frames a second of a camera, whose own word is often wrong.

    Attributes:
        declared: What the camera declares.
        fps: What is measured; begins with what is declared.
    """

    def __init__(self) -> None:
        self.declared = 25.0
        self.fps = 25.0
        self._is_measured = False
        self._last_s: float | None = None

    def begin(self, declared: float) -> None:
        """Begin with a connection that declares this rate; what was measured before is kept."""
        self.declared = declared
        if not self._is_measured:
            self.fps = declared
        self._last_s = None

    def count(self, now_s: float) -> None:
        """Take note of a frame that came now, s."""
        if self._last_s is not None:
            # A hiccup, and the burst after it, say little of the rate.
            period = min(now_s - self._last_s, _OUTLIER / self.fps)
            self.fps = 1 / max(1e-3, (1 - _MEMORY) / self.fps + _MEMORY * period)
            self._is_measured = True
        self._last_s = now_s


class Thinner:
    """Takes as many frames of a camera as are wanted, evenly.

    Args:
        fps: Frames a second that are wanted, at most; all when None.
    """

    def __init__(self, fps: float | None) -> None:
        self._fps = fps
        self._credit = 1.0

    def takes(self, source_fps: float) -> bool:
        """Whether the next frame of a camera of this rate is wanted."""
        if self._fps is None or source_fps <= self._fps * _SLACK:
            return True
        self._credit += self._fps / source_fps
        if self._credit < 1.0:
            return False
        self._credit = min(self._credit - 1.0, 1.0)
        return True
