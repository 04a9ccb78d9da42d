"""How false alarms are divided among cameras, by the tails of their scenes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from edge_vad.false_alarms import NormalTail

LEAST = 0.1
"""Share of the budget that is divided equally, whatever the tails: no camera gets less of it."""
_HALVINGS = 200
_MARGIN = 1.0


def allocate(budget: float, tails: Sequence[NormalTail]) -> list[float]:
    """Divide accepted false alarms among cameras so that their thresholds lie as low as they can.

    Scores are log-rarities, in the same unit for every scene, and nothing is known of anomalies
    before they come: one is taken to be as likely between any two scores, on any camera. Then what
    is found grows by as much as thresholds fall, and the sum of the thresholds is to be least. The
    tail of normal scores gives the threshold `t(r)` of the rate `r`. It is convex, so the sum is
    least where one alarm more would lower every threshold by the same (Lagrange; Boyd and
    Vandenberghe, Convex Optimization, 2004, 5.5.3 and example 5.2):

        -dt/dr = scale / r * (alarms_per_hour / r) ** shape = level

    With exponential tails (shape 0) the rate is in proportion to the scale, however many alarms
    pass the start of the tail. A scene with a thin tail gives: its threshold hardly moves.

    Bounds: a tenth of the budget is divided equally, and nobody gets less than that part, for a
    tail may have been measured too thin. Nobody gets more than keeps its threshold a scale above
    the start of its tail: below the start the tail says nothing, and what lies between tells drift.

    Args:
        budget: Alarms an hour, of all cameras together; above 0.
        tails: Of each camera's scene.

    Returns:
        Alarms an hour of each camera. They add up to the budget, or to what all may have at most.
        They depend neither on the order of the cameras nor on their names; another camera or a
        smaller budget raises none of them.

    Example:
        >>> thin, heavy = (NormalTail(24.0, 9, 1.0, 90.0, scale, 0.0) for scale in (1.0, 3.0))
        >>> [round(rate, 6) for rate in allocate(4.0, [thin, heavy])]
        [1.0, 3.0]
    """
    most = [tail.alarms_per_hour / math.e for tail in tails]
    if budget >= math.fsum(most):
        return most
    least = _filled(LEAST * budget, lambda price: [min(_exp(-price), each) for each in most])
    bounds = list(zip(tails, least, most, strict=True))
    return _filled(
        budget,
        lambda price: [min(max(_rate(tail, price), low), high) for tail, low, high in bounds],
    )


def _rate(tail: NormalTail, price: float) -> float:
    """The rate at which one alarm more lowers the threshold by `exp(price)`, an hour."""
    reach = math.log(tail.scale) + tail.shape * math.log(tail.alarms_per_hour) - price
    return _exp(reach / (1 + tail.shape))


def _filled(total: float, rates_at: Callable[[float], list[float]]) -> list[float]:
    """The rates that add up to a total; they fall as the price rises, up to their bounds."""
    low, high = -_MARGIN, _MARGIN
    while math.fsum(rates_at(low)) < total:
        low *= 2
    while math.fsum(rates_at(high)) > total:
        high *= 2
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if math.fsum(rates_at(middle)) > total:
            low = middle
        else:
            high = middle
    return rates_at(high)


def _exp(power: float) -> float:
    return math.exp(max(-700.0, min(power, 700.0)))
