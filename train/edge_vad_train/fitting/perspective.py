"""Perspective: how fast ordinary things move at each height of the picture.

Speed in pixels means little where people are four times as large at the bottom of the picture as at
its top. One line over the rows, fitted to footage, is a scale in which speeds are comparable; more
freedom (a value for each row or cell) overfits.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from edge_vad_train.data.footage import Footage, Segment
from edge_vad_train.model.stream_inputs import PerspectiveInputs, StreamInputs
from edge_vad_train.parallel import run_in_parallel

_SCALE_FRAMES = 3000
_OCCUPIED, _MOVING_PX = 0.3, 0.1
"""Cells that the scale is fitted to: of so much foreground, and faster than this, px a frame."""

_ENOUGH = 100
"""Moving cells in a row, from which on its median speed counts; and in all, to know any scale."""

_FEWEST_ROWS = 3
"""Rows that a line is fitted to; for fewer the scale is a constant."""

_LEAST_SHARE = 0.25
"""The line is nowhere less than this share of the overall median."""

_NOISE_PX = 0.2
"""The flow's own noise, px a frame: slower motion cannot be distinguished from it."""

_UNKNOWN_PX = 1.0
"""Scale of a scene in which hardly anything moves, px a frame."""


_Moving = tuple[NDArray[np.intp], NDArray[np.float32]]


def measure_scale(
    footage: Footage, make_inputs: PerspectiveInputs, rows: int
) -> NDArray[np.float32]:
    """The ordinary speed of what is foreground and moves, for each row of cells, px a frame.

    Args:
        footage: To measure it in.
        make_inputs: What is seen of frames, with a scale of 1 everywhere.
        rows: Rows of cells.
    """
    every = max(1, sum(map(len, footage.segments)) // _SCALE_FRAMES)

    def measure(segment: Segment, _: Callable[[int], None]) -> list[_Moving]:
        with torch.inference_mode():
            return [_moving(make_inputs(*batch)) for batch in segment.batches(every)]

    measured = run_in_parallel(measure, footage.segments, lambda _: None)
    row, speed = (
        np.concatenate(each)
        for each in zip(*(batch for batches in measured for batch in batches), strict=True)
    )
    return fit_scale(row, speed, rows)


def _moving(inputs: StreamInputs) -> _Moving:
    """Row and speed of the cells that the scale is fitted to."""
    assert inputs.cell_features is not None  # noqa: S101
    right, down, _, foreground, _ = inputs.cell_features.numpy().swapaxes(0, 1)
    speed = np.hypot(right, down)
    is_informative = (foreground > _OCCUPIED) & (speed > _MOVING_PX)
    return np.nonzero(is_informative)[1], speed[is_informative]


def fit_scale(
    rows: NDArray[np.intp], speeds: NDArray[np.float32], count: int
) -> NDArray[np.float32]:
    """Fit a line through the median speed of each row, weighted by the root of what it rests on.

    Args:
        rows: (n,), the row of each moving cell.
        speeds: float32, (n,), its speed, px a frame.
        count: Rows of cells in the picture.

    Returns:
        float32, (count,), px a frame, with the flow's noise added as to a root mean square.
    """
    if len(speeds) < _ENOUGH:
        return np.full(count, _UNKNOWN_PX, np.float32)
    return np.hypot(_ordinary_speed(rows, speeds, count), _NOISE_PX).astype(np.float32)


def _ordinary_speed(
    rows: NDArray[np.intp], speeds: NDArray[np.float32], count: int
) -> NDArray[np.float64]:
    overall = float(np.median(speeds))
    enough = [row for row in range(count) if (rows == row).sum() >= _ENOUGH]
    if len(enough) < _FEWEST_ROWS:
        return np.full(count, overall)
    medians = [float(np.median(speeds[rows == row])) for row in enough]
    weights = [float((rows == row).sum()) ** 0.25 for row in enough]  # numpy squares them
    line = np.polyval(np.polyfit(enough, medians, 1, w=weights), np.arange(count))
    return np.maximum(line, _LEAST_SHARE * overall)
