"""The thresholds that the page offers: common rates of false alarms, and their scores."""

from __future__ import annotations

import msgspec

from edge_vad.false_alarms import NormalTail, describe_rate, parse_rate

_RATES = (
    "0.02/week", "0.1/week", "0.25/week", "0.5/week", "1/week", "2/week",
    "4/week", "1/day", "2/day", "4/day", "8/day", "16/day",
    "1/hour", "2/hour", "4/hour", "8/hour", "15/hour", "30/hour",
    "1/minute", "2/minute", "4/minute", "10/minute",
)  # fmt: skip
_LEAST = 8


class ThresholdPreset(msgspec.Struct, frozen=True):
    """A threshold.

    Attributes:
        false_alarms: The rate, as `--false-alarms` takes it.
        words: The same as people say it.
        score: What a score is held against.
    """

    false_alarms: str
    words: str
    score: float


def preset_at(false_alarms: str, score: float) -> ThresholdPreset:
    """A threshold of any rate.

    Raises:
        WrongUse: No rate of false alarms.
    """
    return ThresholdPreset(false_alarms, describe_rate(parse_rate(false_alarms)), round(score, 4))


def presets_of(normal: NormalTail) -> tuple[ThresholdPreset, ...]:
    """The thresholds of a scene, from the most false alarms to the fewest.

    Rates beyond those that its normal footage begins at are left out: below its start the tail
    says nothing.
    """
    known = [rate for rate in _RATES if parse_rate(rate) <= normal.alarms_per_hour]
    rates = known if len(known) >= _LEAST else _RATES[:_LEAST]
    return tuple(preset_at(rate, normal.threshold(parse_rate(rate))) for rate in reversed(rates))
