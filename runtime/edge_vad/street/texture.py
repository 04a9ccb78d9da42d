"""Irregular surfaces: noise that is looked up at places in metres."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.floating]

_SIDE = 512


def mottle(across: Plane, along: Plane, size_m: float, seed: int = 0) -> Plane:
    """Smooth spots of about `size_m` with standard deviation around 0.7.

    Args:
        across: (H, W), m.
        along: (H, W), m.
        size_m: Of a spot.
        seed: Which spots.

    Returns:
        (H, W).
    """
    # Wrapped by hand: cv2.remap wraps only whole pixels and would leave a seam.
    columns, rows = (
        np.mod(plane / size_m + 37.0 * seed, _SIDE).astype(np.float32) for plane in (across, along)
    )
    return np.asarray(cv2.remap(_bank(), columns, rows, cv2.INTER_LINEAR), dtype=np.float32)


def per_cell(column: Plane, row: Plane, seed: int = 0) -> Plane:
    """One value a cell, the same all over it, standard deviation 1.

    Args:
        column: (H, W), whole numbers.
        row: (H, W), whole numbers.
        seed: Which values.
    """
    rows, columns = (np.mod(row, _SIDE).astype(int), np.mod(column + 91 * seed, _SIDE).astype(int))
    return np.asarray(_bank()[rows, columns], dtype=np.float32)


@lru_cache(maxsize=1)
def _bank() -> Plane:
    dice = np.random.default_rng(3)
    bank = dice.standard_normal((_SIDE + 1, _SIDE + 1), dtype=np.float32)
    bank[-1], bank[:, -1] = bank[0], bank[:, 0]
    return bank
