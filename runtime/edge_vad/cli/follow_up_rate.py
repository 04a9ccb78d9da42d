"""The rate of false alarms that `edge-vad run` suggests next."""

from __future__ import annotations

from collections.abc import Sequence

from edge_vad.false_alarms import NormalTail, parse_rate
from edge_vad.outputs.moments import MomentLine

_DECADES = (("week", range(-4, 1)), ("day", range(2)), ("hour", range(2)), ("minute", range(9)))
_WRITTEN = tuple(
    f"{float(f'{digit}e{decade}'):.4f}".rstrip("0").rstrip(".") + f"/{unit}"
    for unit, decades in _DECADES
    for decade in decades
    for digit in (1, 2, 5)
    if (digit, decade, unit) != (5, 1, "day")  # oftener than 1/hour
)
"""Rates as people write them, from rare to often: 1, 2, 5, 10 and so on of a unit."""

_RARER = ("1/week", "1/day", "1/hour", "10/hour", "1/minute")
_OTHER = 1.01
"""How many times as high a rate is to be taken for another."""

_ROUNDING = 1.001
"""How many times as high a rate has to be for a score that was rounded to reach its threshold."""


def more_often(accepted: float, moments: Sequence[MomentLine], normal: NormalTail) -> str:
    """The rarest rate above the accepted one that makes the next moment an alarm, as one writes it.

    That is the strangest moment, or the strangest of those that are no alarm yet. A moment below
    the start of the tail is ordinary: the rate of that is the highest that stands for a score.

    Args:
        accepted: The rate that was accepted, an hour.
        moments: The strangest moments of the recording.
        normal: How high a normal scene scores, and how often.

    Example:
        >>> more_often(1 / 24, [], NormalTail(24.0, 864000, 1.0, 10.0, 1.0, 0.0))
        '2/day'
    """
    scores = [each.persistent_score for each in moments if each.persistent_score is not None]
    rates = [min(normal.rate(each) * _ROUNDING, normal.alarms_per_hour) for each in scores]
    least = min((rate for rate in rates if rate > accepted), default=0.0)
    enough = (each for each in _WRITTEN if parse_rate(each) >= max(least, accepted * _OTHER))
    return next(enough, _WRITTEN[-1])


def rarer(accepted: float) -> str:
    """A rate that is clearly below the accepted one, which is an hour.

    Example:
        >>> rarer(1.0), rarer(1 / 168)
        ('1/day', '0.1/week')
    """
    return next(
        (each for each in reversed(_RARER) if parse_rate(each) < accepted * 0.99),
        f"{accepted * 168 / 10:.9f}".rstrip("0") + "/week",
    )
