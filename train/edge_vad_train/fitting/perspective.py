"""Perspective: how fast ordinary things move at each height of the picture.

Speed in pixels means little where people are four times as large at the bottom of the picture as at
its top. One line over the rows, fitted to footage, is a scale in which speeds are comparable; more
freedom (a value for each row or cell) overfits.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_ENOUGH = 100
"""Moving cells in a row, from which on its median speed counts; and in all, to know any scale."""

_FEWEST_ROWS = 3
"""Rows that tell a line; of fewer one number is taken for all."""

_LEAST_SHARE = 0.25
"""The scale is nowhere less than this share of the overall median."""

_LEAST_PX = 0.15
"""The scale is nowhere less, px a frame: slower than this the flow's own noise is as fast."""

_UNKNOWN_PX = 1.0
"""Scale of a scene in which hardly anything moves, px a frame."""


def fit_scale(
    rows: NDArray[np.intp], speeds: NDArray[np.float32], count: int
) -> NDArray[np.float32]:
    """Fit a line through the median speed of each row, weighted by the root of what it rests on.

    Args:
        rows: (n,), the row of each moving cell.
        speeds: float32, (n,), its speed, px a frame.
        count: Rows of cells in the picture.

    Returns:
        float32, (count,), px a frame, above 0.
    """
    if len(speeds) < _ENOUGH:
        return np.full(count, _UNKNOWN_PX, np.float32)
    overall = float(np.median(speeds))
    told = [row for row in range(count) if (rows == row).sum() >= _ENOUGH]
    if len(told) < _FEWEST_ROWS:
        return np.full(count, max(overall, _LEAST_PX), np.float32)
    medians = [float(np.median(speeds[rows == row])) for row in told]
    weights = [float((rows == row).sum()) ** 0.25 for row in told]  # numpy squares them
    line = np.polyval(np.polyfit(told, medians, 1, w=weights), np.arange(count))
    return np.maximum(line, max(_LEAST_SHARE * overall, _LEAST_PX)).astype(np.float32)
