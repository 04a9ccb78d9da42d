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
    columns, rows = (_wrapped(plane / size_m + 37.0 * seed) for plane in (across, along))
    return np.asarray(cv2.remap(_bank(), columns, rows, cv2.INTER_LINEAR), dtype=np.float32)


def per_cell(column: Plane, row: Plane, seed: int = 0) -> Plane:
    """One value a cell, the same all over it, standard deviation 1.

    Args:
        column: (H, W), whole numbers.
        row: (H, W), whole numbers.
        seed: Which values.
    """
    rows, columns = row.astype(int) % _SIDE, (column.astype(int) + 91 * seed) % _SIDE
    return np.asarray(_bank()[rows, columns], dtype=np.float32)


def _wrapped(places: Plane) -> Plane:
    """Bring places into the bank: cv2.remap wraps only whole pixels and would leave a seam."""
    return np.asarray(places - _SIDE * np.floor(places * (1 / _SIDE)), dtype=np.float32)


@lru_cache(maxsize=1)
def _bank() -> Plane:
    dice = np.random.default_rng(3)
    bank = dice.standard_normal((_SIDE + 1, _SIDE + 1), dtype=np.float32)
    bank[-1], bank[:, -1] = bank[0], bank[:, 0]
    return bank
