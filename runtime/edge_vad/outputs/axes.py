"""Where things stand in a plot: scales and their ticks."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, log10

import numpy as np
from numpy.typing import NDArray

_CLOCK_STEPS_S = (0.1, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600)
_DAY_S = 86400


@dataclass(frozen=True)
class Scale:
    """A straight axis.

    Attributes:
        low: Value at the axis' beginning.
        high: Value at its end.
        start: Where it begins, px.
        end: Where it ends, px.
    """

    low: float
    high: float
    start: float
    end: float

    def place(self, value: float) -> int:
        """Where a value stands, px; values beyond the axis stand at its ends."""
        return int(self.places(np.array([value]))[0])

    def places(self, values: NDArray[np.float64]) -> NDArray[np.int32]:
        """Where values stand, px."""
        share = (np.clip(values, self.low, self.high) - self.low) / (self.high - self.low)
        return np.rint(self.start + share * (self.end - self.start)).astype(np.int32)

    def ticks(self, step: float) -> list[float]:
        """The multiples of a step that lie on the axis."""
        first, last = ceil(self.low / step - 1e-9), floor(self.high / step + 1e-9)
        return [step * multiple for multiple in range(first, last + 1)]


def round_step(span: float, most: int) -> float:
    """The smallest of 1, 2, 5, 10, ... that divides a span into no more than `most` parts.

    Example:
        >>> round_step(37.0, most=5)
        10.0
    """
    decade = 10.0 ** floor(log10(span / most))
    return next(decade * each for each in (1, 2, 5, 10, 20) if span / (decade * each) <= most)


def clock_step(span_s: float, most: int) -> float:
    """The smallest step that people count time in and that has no more than `most` parts, s.

    Example:
        >>> clock_step(100.0, most=8)
        15
    """
    for step in _CLOCK_STEPS_S:
        if span_s / step <= most:
            return step
    return _DAY_S * ceil(span_s / _DAY_S / most)
