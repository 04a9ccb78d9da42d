"""The times of a recording's pictures."""

from __future__ import annotations

_SLIP_S = 1.0
"""Stamps that go back by less are rounded or out of order; by more, they begin anew."""

_LEAST_S = 1e-6


class Stamps:
    """Turns presentation stamps into times that begin at 0 and never go back.

    Args:
        period_s: Time between two pictures that have no stamps, or whose stamps begin anew.

    Attributes:
        takes: How often the stamps began anew.
    """

    def __init__(self, period_s: float) -> None:
        self.takes = 0
        self._period_s = period_s
        self._offset_s: float | None = None
        self._last_s = 0.0
        self._missed = 0

    def miss(self, stamp_s: float | None) -> None:
        """Leave a picture out: the time of the others stays as it is."""
        self._missed += 1
        if self._offset_s is None and stamp_s is not None:
            self._offset_s = -stamp_s

    def at(self, stamp_s: float | None) -> float:
        """Take the stamp of the next picture; its time, s.

        Example:
            >>> stamps = Stamps(period_s=0.1)
            >>> [round(stamps.at(stamp), 3) for stamp in (1.4, 1.5, 1.7, None, 0.0)]
            [0.0, 0.1, 0.3, 0.4, 0.5]
        """
        passed_s, self._missed = (1 + self._missed) * self._period_s, 0
        if self._offset_s is None:
            self._offset_s = -(stamp_s or 0.0)
            self._last_s = (passed_s - self._period_s) if stamp_s is None else 0.0
            return self._last_s
        time_s = self._last_s + passed_s if stamp_s is None else stamp_s + self._offset_s
        if time_s <= self._last_s - _SLIP_S:
            self.takes += 1
            self._offset_s += self._last_s + self._period_s - time_s
            time_s = self._last_s + self._period_s
        self._last_s = max(time_s, self._last_s + _LEAST_S)
        return self._last_s
