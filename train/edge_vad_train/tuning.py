"""Chooses what the streams and mixtures depend on, by anomalies made from training footage."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec.structs import replace

from edge_vad_train.choosing import Trial
from edge_vad_train.settings import TrainSettings

_FACTORS = {
    "motion_sigma": (0.5, 2.0),
    "appearance_sigma": (0.5, 2.0),
    "noise_floor": (1 / 3, 3.0),
}
"""What is tuned, in this order, and how much smaller and larger values are tried."""

_WORTH = 0.01
"""What a change must bring: so much more AUC on the mean of the kinds; less is chance."""

TUNED = tuple(_FACTORS)


def tune(
    settings: TrainSettings,
    trial: Trial,
    attempt: Callable[[TrainSettings], Trial],
) -> tuple[TrainSettings, Trial]:
    """Choose both sigmas and the noise floor, one after the other.

    Of every one a smaller and a larger value are tried, and kept where the model then tells
    self-made anomalies clearly better.

    Args:
        settings: Where to begin.
        trial: How they did.
        attempt: Tries others out.

    Returns:
        The settings chosen, and how they did.
    """
    for name in TUNED:
        tried = [(each, attempt(each)) for each in _others(settings, name)]
        best = max(tried, key=lambda each: each[1].merit)
        if best[1].merit >= trial.merit + _WORTH:
            settings, trial = best
    return settings, trial


def sigmas_to_learn(settings: TrainSettings, stream: str) -> tuple[float, ...]:
    """The sigmas with which a stream is tried: where `tune` begins, and the others."""
    name = f"{stream}_sigma"
    return tuple(getattr(each, name) for each in (settings, *_others(settings, name)))


def _others(settings: TrainSettings, name: str) -> Iterator[TrainSettings]:
    value = getattr(settings, name)
    return (replace(settings, **{name: value * factor}) for factor in _FACTORS[name])
