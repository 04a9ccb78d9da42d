"""The times of a recording's pictures."""

from __future__ import annotations

import math

_SLIP_S = 1.0
"""Stamps that go back by less are rounded or out of order; by more, they begin anew."""

_LEAST_S = 1e-6


class RisingStamps:
    """Takes of two stamps of each picture the one that can be its time.

    Pictures are handed out in the order in which they are shown, so when they are shown rises.
    Where it is said in the order of decoding, as of B-frames in an AVI, when the picture was handed
    out is as good.
    """

    def __init__(self) -> None:
        self._last = [-math.inf, -math.inf]
        self._faults = [0, 0]

    def choose(self, shown_s: float | None, handed_out_s: float | None) -> float | None:
        """Take the stamps of the next picture; the one to believe, s.

        Example:
            >>> rising = RisingStamps()
            >>> [rising.choose(*each) for each in ((1, 2), (4, 3), (3, 4), (5, 5), (2, 6))]
            [1, 4, 4, 5, 6]
        """
        for which, stamp_s in enumerate((shown_s, handed_out_s)):
            if stamp_s is not None:
                self._faults[which] += stamp_s <= self._last[which]
                self._last[which] = stamp_s
        is_worse = self._faults[0] > self._faults[1] and self._last[1] > -math.inf
        return handed_out_s if is_worse else shown_s


class Stamps:
    """Turns presentation stamps into times that begin at 0 and never go back.

    Args:
        period_s: Time between two pictures that have no stamps, or whose stamps begin anew.

    Attributes:
        takes: How often the stamps began anew.
        repeated: Pictures whose stamps do not rise: their times follow from those before.
    """

    def __init__(self, period_s: float) -> None:
        self.takes = self.repeated = 0
        self._stamp_s: float | None = None
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
            self._offset_s, self._stamp_s = -(stamp_s or 0.0), stamp_s
            self._last_s = (passed_s - self._period_s) if stamp_s is None else 0.0
        elif stamp_s is None:
            self._last_s += passed_s
        else:
            self._last_s = self._after(stamp_s, self._offset_s)
            self._stamp_s = stamp_s
        return self._last_s

    def _after(self, stamp_s: float, offset_s: float) -> float:
        before_s = self._last_s - offset_s if self._stamp_s is None else self._stamp_s
        time_s, rise_s = stamp_s + offset_s, stamp_s - before_s
        if rise_s <= -_SLIP_S:
            self.takes += 1
            self._offset_s = self._last_s + self._period_s - stamp_s
            return self._last_s + self._period_s
        if time_s >= self._last_s + _LEAST_S:
            return time_s
        self.repeated += 1  # where the clock runs late, what it says of the time that passed counts
        return self._last_s + (rise_s if rise_s >= _LEAST_S else self._period_s)
