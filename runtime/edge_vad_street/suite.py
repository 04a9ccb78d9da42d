"""Training footage and test clips of one street."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edge_vad_street.acts.anomalies import cycle_s
from edge_vad_street.url import KINDS, LARGEST_SEED, NUISANCES, parse_street_url

TRAINING_FRAMES = 6000
_NUISANCE_S = 600.0


def normal_url(url: str) -> str:
    """The address of ordinary footage of a street, to train on.

    Args:
        url: Of the street; its number of frames is kept, or 6000 where it has no end.

    Raises:
        WrongUse: The address is not one of a street, or a parameter is not possible.

    Example:
        >>> normal_url("test://street?seed=7&anomaly=runner")
        'test://street?seed=7&frames=6000'
    """
    options = parse_street_url(url)
    frames = options.frames or TRAINING_FRAMES
    return replace(options, anomaly="", frames=frames, realtime=False).url()


def street_suite(url: str) -> list[tuple[str, str]]:
    """The addresses of test clips of a street: the same camera, other people, one clip a kind.

    Args:
        url: Of the street; its seed is the one of the training footage.

    Returns:
        (kind, address) for every kind of anomaly, 16 to 52 s each.

    Raises:
        WrongUse: The address is not one of a street, or a parameter is not possible.

    Example:
        >>> [kind for kind, _ in street_suite("test://street?seed=7")][:2]
        ['cyclist', 'vehicle']
    """
    options = parse_street_url(url)
    seeds = _other_seeds(options.seed, len(KINDS))
    return [
        (kind, replace(options, anomaly=kind, seed=seed, frames=frames, realtime=False).url())
        for kind, seed in zip(KINDS, seeds, strict=True)
        for frames in [round(cycle_s(kind) * options.fps)]
    ]


def street_nuisances(url: str) -> list[tuple[str, str]]:
    """The addresses of ordinary life of a street, steady and under every nuisance.

    The same other people than in the training footage walk in all of them, so that only the
    nuisance makes a difference.

    Args:
        url: Of the street; its seed is the one of the training footage, and its number of frames
            is kept, or ten minutes where it has no end.

    Returns:
        (name, address): first "steady", then every one of `NUISANCES`.

    Raises:
        WrongUse: The address is not one of a street, or a parameter is not possible.

    Example:
        >>> [name for name, _ in street_nuisances("test://street?seed=7")][:2]
        ['steady', 'light_change']
    """
    options = parse_street_url(url)
    clip = replace(
        options,
        anomaly="",
        seed=_other_seeds(options.seed, len(KINDS) + 1)[-1],
        frames=options.frames or round(_NUISANCE_S * options.fps),
        realtime=False,
    )
    named = [("steady", ""), *((name, name) for name in NUISANCES)]
    return [(name, replace(clip, nuisance=nuisance).url()) for name, nuisance in named]


def _other_seeds(seed: int, wanted: int) -> list[int]:
    dice = np.random.default_rng([seed, 51])
    seeds: list[int] = []
    while len(seeds) < wanted:
        drawn = int(dice.integers(LARGEST_SEED + 1))
        if drawn != seed and drawn not in seeds:
            seeds.append(drawn)
    return seeds
