"""When a camera's pictures were taken, though networks deliver them in bursts."""

from __future__ import annotations

_GAIN = 0.01
"""Share by which a time follows the arrival, for clocks and rates are not exact."""
_LATE_S = 1.0
_LONGEST_S = 10.0
_JITTER_S = 0.05
"""A picture may come so much before its time."""


class CaptureClock:
    """Gives pictures even times on the monotonic clock, never later than they arrived.

    A picture's time is that of the one before and what the camera's own stamps say has passed, or
    else its measured frame time. Where it arrives much later than that, pictures were lost.

    Attributes:
        is_burst: Whether the last picture came before its time: it had waited with others, and when
            it was taken is not known. So it is with what a network camera sends at first.
    """

    def __init__(self) -> None:
        self.is_burst = False
        self._last_s: float | None = None
        self._stamp_s: float | None = None

    def at(self, now_s: float, stamp_s: float | None, period_s: float) -> float:
        """Take the next picture; when it was taken, s.

        Args:
            now_s: When it arrived.
            stamp_s: The camera's own stamp; None where it gives none.
            period_s: The camera's measured frame time.

        Example:
            >>> clock = CaptureClock()
            >>> [clock.at(now, stamp, 0.1) for now, stamp in ((5.0, 0.0), (5.1, 0.1), (7.1, 0.2))]
            [5.0, 5.1, 7.1]
        """
        passed_s = self._passed(stamp_s, period_s)
        self.is_burst = False
        if self._last_s is None or passed_s is None:
            time_s = now_s
        else:
            expected_s = self._last_s + passed_s
            late_s = now_s - expected_s
            is_lost = late_s > max(_LATE_S, 2 * period_s)
            self.is_burst = -late_s > max(_JITTER_S, period_s / 2)
            time_s = now_s if is_lost else min(now_s, expected_s + _GAIN * late_s)
        self._last_s = time_s
        return time_s

    def _passed(self, stamp_s: float | None, period_s: float) -> float | None:
        """Seconds since the picture before; None where the stamps make no sense."""
        before_s, self._stamp_s = self._stamp_s, stamp_s
        if stamp_s is None:
            return period_s
        passed_s = None if before_s is None else stamp_s - before_s
        return passed_s if passed_s is not None and 0 <= passed_s <= _LONGEST_S else None
