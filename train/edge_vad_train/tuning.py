"""Chooses what the streams and mixtures depend on, by anomalies made from training footage."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress

from msgspec.structs import replace

from edge_vad_train.choosing import Trial
from edge_vad_train.fit import Diverged
from edge_vad_train.settings import TrainSettings

_FACTORS = {
    "motion_sigma": (0.5, 2.0),
    "appearance_sigma": (0.5, 2.0),
    "noise_floor": (1 / 3, 3.0),
}
"""What is tuned, in this order, and how much smaller and larger values are tried."""

TUNED = tuple(_FACTORS)
"""Names of the settings that are tuned."""

_WORTH = 0.02
"""What a change must bring: so much more merit, see `Choice`.

With other seeds and the same settings merits scatter by 0.01 (standard deviation, five trainings).
"""


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
        attempt: Tries others out; those with which a stream diverges are left out.

    Returns:
        The settings chosen, and how they did.
    """
    for name in TUNED:
        tried = []
        for other in _others(settings, name):
            with suppress(Diverged):
                tried.append((other, attempt(other)))
        best = max(tried, key=lambda each: each[1].merit, default=None)
        if best and best[1].merit >= trial.merit + _WORTH:
            settings, trial = best
    return settings, trial


def sigmas_to_learn(settings: TrainSettings, stream: str) -> tuple[float, ...]:
    """The sigmas that a stream is learnt with: the one that is set, and those that are tried."""
    name = f"{stream}_sigma"
    others = _others(settings, name) if settings.tune else ()
    return tuple(getattr(each, name) for each in (settings, *others))


def _others(settings: TrainSettings, name: str) -> Iterator[TrainSettings]:
    value = getattr(settings, name)
    return (replace(settings, **{name: value * factor}) for factor in _FACTORS[name])
