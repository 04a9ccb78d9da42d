"""False alarms one accepts, as a threshold, and back.

A threshold is given as a rate, not as a score: how often a normal scene may raise an alarm.
"""

from __future__ import annotations

import math
import re
from typing import Annotated

import msgspec

from edge_vad.errors import WrongUse

TAIL_SHARE = 0.2
"""Share of the frames whose persistent score passes the one at which a `NormalTail` starts."""
_HOURS = {"minute": 1 / 60, "hour": 1.0, "day": 24.0, "week": 168.0}
_RATE = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)\s*/\s*(minute|hour|day|week)")
_SPANS = ((365.25 * 24, "year"), (24.0, "day"), (1.0, "hour"), (1 / 60, "minute"))
_FROM = 1.95
"""A unit is used from about two of it on: 36 hours are clearer than 2 days."""
_FURTHEST_SHOWN = 100
"""How many times longer than the footage a time between two alarms may be to be worth saying."""
_LARGEST_EXPONENT = 700.0
_LONGEST_SHOWN_H = 10 * 365.25 * 24
_SHOWN_RATES = (
    "1/day", "2/day", "4/day", "8/day",
    "1/hour", "2/hour", "4/hour", "6/hour", "12/hour", "30/hour",
    "1/minute", "2/minute", "4/minute", "10/minute",
)  # fmt: skip
"""Rates that people say, from rare to often; a default is one of them."""
_WHOLE = 0.95
"""A day of footage less its pauses and first frames still is a day of it."""


def parse_rate(text: str) -> float:
    """Read a rate of false alarms.

    Args:
        text: Such as `1/day`, `6/hour` or `0.5/week`.

    Returns:
        Alarms an hour.

    Raises:
        WrongUse: The text is no rate, or the rate is zero.

    Example:
        >>> parse_rate("6/hour")
        6.0
    """
    match = _RATE.fullmatch(text.strip())
    if match is None or float(match[1]) == 0:
        raise WrongUse(
            f"{text!r} is not a rate of false alarms",
            f"write a number above 0 and a unit, such as 1/day; units: {', '.join(_HOURS)}",
        )
    return float(match[1]) / _HOURS[match[2]]


class NormalTail(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How high a normal scene's persistent score climbs, and how often.

    Alarms above the score `start` come at `alarms_per_hour`; how far they climb above it follows a
    generalised Pareto distribution, so that a score `s` is passed
    `alarms_per_hour * (1 + shape * (s - start) / scale) ** (-1 / shape)` times an hour
    (Coles 2001, peaks over threshold).

    Attributes:
        hours: Hours of normal footage that this was measured on.
        frames: Frames of it.
        start: Score at which the tail begins.
        alarms_per_hour: Separate alarms an hour that pass `start`.
        scale: Scale of the excesses, in units of the score.
        shape: Shape of the excesses; 0 is an exponential tail, larger is heavier.
    """

    hours: Annotated[float, msgspec.Meta(gt=0)]
    frames: Annotated[int, msgspec.Meta(ge=1)]
    start: float
    alarms_per_hour: Annotated[float, msgspec.Meta(ge=1e-12)]
    scale: Annotated[float, msgspec.Meta(gt=0)]
    shape: Annotated[float, msgspec.Meta(ge=0, lt=1)]

    def threshold(self, alarms_per_hour: float) -> float:
        """The persistent score that normal footage reaches this often."""
        ratio = self.alarms_per_hour / alarms_per_hour
        if self.shape < 1e-6:
            return self.start + self.scale * math.log(ratio)
        return self.start + self.scale / self.shape * math.expm1(self.shape * math.log(ratio))

    def rate(self, score: float) -> float:
        """How many times an hour normal footage keeps this score up."""
        excess = (score - self.start) / self.scale
        if self.shape < 1e-6:
            return self.alarms_per_hour * math.exp(min(-excess, _LARGEST_EXPONENT))
        base = 1 + self.shape * excess
        return self.alarms_per_hour * base ** (-1 / self.shape) if base > 0 else math.inf

    def rarity(self, score: float) -> str:
        """How rare this persistent score is in normal footage, in words for a reader to judge by.

        Example:
            >>> tail = NormalTail(24.0, 864000, 1.0, 10.0, 1.0, 0.0)
            >>> tail.rarity(tail.threshold(1 / 9))
            'a normal scene scores this high about once in 9 hours'
        """
        if score < self.start:
            return "an ordinary score for a normal scene"
        rate, footage = self.rate(score), f"{describe_hours(self.hours)} of normal footage"
        if rate * self.hours * _FURTHEST_SHOWN < 1:
            return f"far above anything in {footage}, too little to say how rare"
        text = f"a normal scene scores this high {describe_rarity(rate)}"
        return f"{text}, extrapolated from {footage}" if self.is_extrapolated(rate) else text

    def rate_and_rarity(self, score: float) -> tuple[float | None, str]:
        """The same as a number to three digits, too; None below the start: it says nothing there.

        Example:
            >>> NormalTail(24.0, 864000, 1.0, 10.0, 1.0, 0.0).rate_and_rarity(1.0)
            (10.0, 'a normal scene scores this high about once in 6 minutes')
        """
        rate = float(f"{self.rate(score):.3g}") if score >= self.start else None
        return rate, self.rarity(score)

    def is_extrapolated(self, alarms_per_hour: float) -> bool:
        """Whether the footage is too short to have shown one alarm at this rate."""
        return alarms_per_hour * self.hours < _WHOLE

    @property
    def default_rate(self) -> str:
        """The rarest rate that the footage could show, of those that people say.

        Never rarer than 1/day nor, however short the footage, more often than 10/minute; and never
        one below the start of the tail, which says nothing there.

        Example:
            >>> [NormalTail(h, 9, 1.0, 90.0, 1.0, 0.0).default_rate for h in (48, 24, 1, 1 / 12)]
            ['1/day', '1/day', '1/hour', '12/hour']
        """
        most = self.alarms_per_hour
        known = [rate for rate in _SHOWN_RATES if parse_rate(rate) <= most] or _SHOWN_RATES[:1]
        shown = (rate for rate in known if not self.is_extrapolated(parse_rate(rate)))
        return next(shown, known[-1])

    def accepted(self, said: str | None) -> str:
        """The rate of false alarms that is accepted: what was said, else the default."""
        return self.default_rate if said is None else said

    def footing(self, alarms_per_hour: float) -> str:
        """What the footage can promise, and what of this rate it cannot, in plain words.

        Example:
            >>> NormalTail(1.0, 9, 1.0, 90.0, 1.0, 0.0).footing(1 / 24).partition(": ")[2]
            '1 a day is rarer, so it is extrapolated and may be far off'
        """
        text = (
            f"the thresholds stand on {describe_hours(self.hours)} of normal footage, which can "
            f"show rates down to about {describe_rate(1 / self.hours)}"
        )
        rate = describe_rate(alarms_per_hour)
        if self.is_extrapolated(alarms_per_hour):
            return f"{text}: {rate} is rarer, so it is extrapolated and may be far off"
        return f"{text}: {rate} is within that, as long as the scene stays as it was"


def poisson_interval(
    count: int, exposure_hours: float, confidence: float = 0.95
) -> tuple[float, float]:
    """The rates of alarms that a count allows, by the exact interval of Garwood (1936).

    The lower rate would show this many alarms or more, the upper one this many or fewer, with half
    of the remaining probability each.

    Args:
        count: Alarms that were counted.
        exposure_hours: Hours in which they were.
        confidence: Probability that the interval holds the true rate, at least.

    Returns:
        The lowest and the highest rate, alarms an hour.

    Example:
        >>> low, high = poisson_interval(0, 1.0)
        >>> low, round(high, 2)
        (0.0, 3.69)
    """
    tail = (1 - confidence) / 2
    low = _mean_where_at_most(count - 1, 1 - tail) if count else 0.0
    return low / exposure_hours, _mean_where_at_most(count, tail) / exposure_hours


def _mean_where_at_most(count: int, probability: float) -> float:
    """The Poisson mean at which `count` or fewer happen with this probability."""
    # Beyond ten standard deviations nothing is left of the probability.
    low, high = 0.0, count + 10 * math.sqrt(count + 1) + 30
    for _ in range(60):
        middle = (low + high) / 2
        if _at_most(count, middle) > probability:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _at_most(count: int, mean: float) -> float:
    """Probability that a Poisson variable of this mean is `count` or less."""
    log_mean = math.log(mean)
    return math.fsum(
        math.exp(happened * log_mean - mean - math.lgamma(happened + 1))
        for happened in range(count + 1)
    )


def describe_rate(alarms_per_hour: float) -> str:
    """A rate in words, in the unit that reads best.

    Example:
        >>> describe_rate(1 / 24)
        '1 a day'
    """
    for unit in ("minute", "hour", "day"):
        count = alarms_per_hour * _HOURS[unit]
        if count >= 1:
            return f"{count:.3g} {'an' if unit == 'hour' else 'a'} {unit}"
    return f"{alarms_per_hour * _HOURS['week']:.2g} a week"


def describe_rarity(alarms_per_hour: float) -> str:
    """A rate as the time between two alarms, in words.

    Example:
        >>> describe_rarity(1 / 9), describe_rarity(0.0)
        ('about once in 9 hours', 'less than once in 10 years')
    """
    if alarms_per_hour * _LONGEST_SHOWN_H < 1:
        return "less than once in 10 years"
    return f"about once in {describe_hours(1 / alarms_per_hour)}"


def describe_hours(hours: float) -> str:
    """A span of time in words, in the unit that reads best.

    Example:
        >>> describe_hours(0.05), describe_hours(1.0), describe_hours(36.0)
        ('3 minutes', '60 minutes', '36 hours')
    """
    unit_hours, unit = next(
        (each for each in _SPANS if hours >= _FROM * each[0]), (1 / 3600, "second")
    )
    count = f"{hours / unit_hours:.0f}"
    return f"{count} {unit}{'s' * (count != '1')}"
