"""Training footage and test clips of one street."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edge_vad.street.anomalies import CYCLE_S
from edge_vad.street.url import KINDS, LARGEST_SEED, parse_street_url

TRAINING_FRAMES = 1500


def normal_url(url: str) -> str:
    """The address of ordinary footage of a street, to train on.

    Args:
        url: Of the street; its number of frames is kept, or 1500 where it has no end.

    Raises:
        WrongUse: The address is not one of a street, or a parameter is not possible.

    Example:
        >>> normal_url("test://street?seed=7&anomaly=runner")
        'test://street?seed=7&frames=1500'
    """
    options = parse_street_url(url)
    frames = options.frames or TRAINING_FRAMES
    return replace(options, anomaly="", frames=frames, realtime=False).url()


def street_suite(url: str) -> list[tuple[str, str]]:
    """The addresses of test clips of a street: the same camera, other people, one clip a kind.

    Args:
        url: Of the street; its seed is the one of the training footage.

    Returns:
        (kind, address) for every kind of anomaly, 16 s each.

    Raises:
        WrongUse: The address is not one of a street, or a parameter is not possible.

    Example:
        >>> [kind for kind, _ in street_suite("test://street?seed=7")][:2]
        ['cyclist', 'vehicle']
    """
    options = parse_street_url(url)
    clip = replace(options, frames=round(CYCLE_S * options.fps), realtime=False)
    return [
        (kind, replace(clip, anomaly=kind, seed=seed).url())
        for kind, seed in zip(KINDS, _other_seeds(options.seed, len(KINDS)), strict=True)
    ]


def _other_seeds(seed: int, wanted: int) -> list[int]:
    dice = np.random.default_rng([seed, 51])
    seeds: list[int] = []
    while len(seeds) < wanted:
        drawn = int(dice.integers(LARGEST_SEED + 1))
        if drawn != seed and drawn not in seeds:
            seeds.append(drawn)
    return seeds
