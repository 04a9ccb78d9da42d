"""Streams of random numbers, one for each use, all told by one seed."""

from __future__ import annotations

from enum import IntEnum

import numpy as np


class Use(IntEnum):
    """What random numbers are for: each use has a stream of its own."""

    PATCHES = 0
    CELLS = 1
    MIXTURES = 2


def generator(seed: int, use: Use, *more: int) -> np.random.Generator:
    """The stream for a use.

    Args:
        seed: Of the training.
        use: What it is for.
        more: Numbers of what there are several of, such as stretches.
    """
    return np.random.default_rng([seed, use, *more])
