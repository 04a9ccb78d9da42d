"""How fast a camera's frames come."""

from __future__ import annotations

_MEMORY = 0.05
_OUTLIER = 4.0
_BURST_S = 1.0
"""What a network camera sends at first was waiting for its reader, and comes all at once."""
_TRIAL_S = 1.5


class Rate:
    """Measures the frames a second of a camera, whose own word is often wrong.

    Attributes:
        declared: What the camera declares.
        fps: What is measured; begins with what is declared.
        is_settled: Whether `fps` can be relied on, which takes some seconds of a camera whose word
            may be wrong. Once it is, it stays so: a camera that comes back is known.
    """

    def __init__(self) -> None:
        self.declared = 25.0
        self.fps = 25.0
        self.is_settled = False
        self._first_s: float | None = None
        self._trial: tuple[float, int] | None = None
        self._last_s: float | None = None

    def begin(self, declared: float, *, is_certain: bool = False) -> None:
        """Begin with a connection that declares this rate; what was measured before is kept.

        Args:
            declared: Frames a second.
            is_certain: Whether that is true, as of a recording.
        """
        self.declared = declared
        if not self.is_settled:
            self.fps, self.is_settled = declared, is_certain
        self._first_s = self._trial = self._last_s = None

    def count(self, now_s: float) -> None:
        """Take note of a frame that came now, s."""
        if not self.is_settled:
            self._try_out(now_s)
        elif self._last_s is not None:
            # A hiccup, and the burst after it, say little of the rate.
            period = min(now_s - self._last_s, _OUTLIER / self.fps)
            self.fps = 1 / max(1e-3, (1 - _MEMORY) / self.fps + _MEMORY * period)
        self._last_s = now_s

    def _try_out(self, now_s: float) -> None:
        """Count the frames of some seconds after the first burst."""
        if self._first_s is None:
            self._first_s = now_s
        if now_s - self._first_s < _BURST_S:
            return
        if self._trial is None:
            self._trial = now_s, 0
            return
        began_s, frames = self._trial
        self._trial = began_s, frames + 1
        if now_s - began_s >= _TRIAL_S:
            self.fps, self.is_settled = (frames + 1) / (now_s - began_s), True
