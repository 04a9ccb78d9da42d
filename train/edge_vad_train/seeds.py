"""Streams of random numbers, one for each use, all derived from one seed."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
import torch


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


def step_generator(seed: int, step: int) -> torch.Generator:
    """The stream for one optimiser step, which does not depend on the steps before.

    Args:
        seed: Of the training.
        step: Number of the step.
    """
    return torch.Generator().manual_seed(seed * 1_000_003 + step)
