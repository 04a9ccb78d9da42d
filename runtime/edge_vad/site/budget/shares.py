"""The false alarms that a site accepts, and what of them each of its cameras accepts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from typing import NamedTuple

import msgspec

from edge_vad.alarms.settings import DecisionSettings
from edge_vad.errors import WrongUse
from edge_vad.false_alarms import NormalTail, describe_rate, parse_rate
from edge_vad.site.budget.allocation import allocate
from edge_vad.site.settings import CameraSettings, SiteSettings

_DIGITS = 4
_DECIMALS = 9
"""As many as a rate of false alarms may have."""
_ROUNDING = 1e-6
"""Of the budget: rates are written in decimals."""


class Claim(NamedTuple):
    """A camera that takes part in a budget.

    Attributes:
        name: What errors call it.
        decision: What it accepts by itself, and what its zones do.
        normal: The tail of its scene.
    """

    name: str
    decision: DecisionSettings
    normal: NormalTail


def with_shares(
    site: SiteSettings, tail_of: Callable[[CameraSettings], NormalTail]
) -> SiteSettings:
    """Let every camera without a rate of its own accept its share of what the site accepts.

    Args:
        site: What the site file says; the same where it says nothing of the whole site.
        tail_of: The tail of a camera's scene; raises where there is none.

    Raises:
        WrongUse: The cameras' and zones' own rates leave too little of it.
    """
    if site.false_alarms is None:
        return site
    claims = [Claim(each.name, each.decision, tail_of(each)) for each in site.cameras]
    return with_rates(site, shares(site.false_alarms, claims))


def with_rates(site: SiteSettings, rates: Sequence[str]) -> SiteSettings:
    """Let every camera accept this rate, in their order."""
    replace = msgspec.structs.replace
    cameras = (
        replace(camera, decision=replace(camera.decision, false_alarms=rate))
        for camera, rate in zip(site.cameras, rates, strict=True)
    )
    return replace(site, cameras=tuple(cameras))


def shares(budget: str, claims: Sequence[Claim]) -> list[str]:
    """What every camera accepts of a budget.

    A camera that says a rate keeps it, and so does a zone; both count against the budget. Zones
    that say none accept their camera's, and raise a part of its alarms. The rest of the budget is
    divided by `edge_vad.site.budget.allocation.allocate`.

    Args:
        budget: Accepted false alarms of all together, such as `3/day`.
        claims: The cameras.

    Returns:
        The rate of each. Those that follow from the budget are in its unit, and rounded down to
        four digits, so that together they never pass it.

    Raises:
        WrongUse: The budget is no rate, or the own rates leave too little of it.
    """
    total = parse_rate(budget)
    left = total - sum(_own_per_hour(claim.decision) for claim in claims)
    sharing = [claim for claim in claims if claim.decision.false_alarms is None]
    if left < -_ROUNDING * total or (sharing and left <= _ROUNDING * total):
        raise _too_small(budget, claims)
    rates = allocate(left, [claim.normal for claim in sharing]) if sharing else []
    # A third of 3/day is 1/day, though floats say a little less.
    written = [_rounded_down(_in_unit(rate * (1 + 1e-9), budget)) for rate in rates]
    if not all(written):
        raise _too_small(budget, claims)
    said = (f"{_plain(rate)}/{_unit(budget)}" for rate in written)
    return [claim.decision.false_alarms or next(said) for claim in claims]


def parts(budget: str, sites: Sequence[Sequence[Claim]]) -> list[str]:
    """What every site accepts of a budget of several: what its cameras and zones do together.

    Each then divides its part by itself, in the same way, so that no site needs another.

    Args:
        budget: Accepted false alarms of all together, such as `3/day`.
        sites: The cameras of each site.

    Raises:
        WrongUse: As for `shares`.
    """
    rates = iter(shares(budget, [claim for site in sites for claim in site]))
    return [
        _sum(budget, [accepted_per_hour(claim.decision, next(rates)) for claim in site])
        for site in sites
    ]


def added_up(rates: Sequence[str]) -> str:
    """The sum of rates, in the unit of the first.

    Raises:
        WrongUse: One is no rate.

    Example:
        >>> added_up(["1.5/day", "7/week"])
        '2.5/day'
    """
    return _sum(rates[0], [parse_rate(each) for each in rates])


def accepted_per_hour(decision: DecisionSettings, false_alarms: str) -> float:
    """Alarms an hour that a camera accepts: by this rate, and by those that its zones say."""
    return parse_rate(false_alarms) + _of_zones(decision)


def describe_share(share: float) -> str:
    """A share of a budget in words.

    Example:
        >>> describe_share(0.125), describe_share(0.0004)
        ('12%', '0.04%')
    """
    return f"{share:.0%}" if share >= 0.01 else f"{share * 100:.1g}%"


def _sum(budget: str, per_hour: Sequence[float]) -> str:
    total = sum((_in_unit(rate, budget) for rate in per_hour), Decimal())
    total = total.quantize(Decimal(1).scaleb(-_DECIMALS), ROUND_HALF_UP)
    return f"{_plain(total)}/{_unit(budget)}"


def _own_per_hour(decision: DecisionSettings) -> float:
    own = decision.false_alarms
    return (parse_rate(own) if own is not None else 0.0) + _of_zones(decision)


def _of_zones(decision: DecisionSettings) -> float:
    said = (zone.false_alarms for zone in decision.zones)
    return sum(parse_rate(each) for each in said if each is not None)


def _too_small(budget: str, claims: Sequence[Claim]) -> WrongUse:
    own = sum(_own_per_hour(claim.decision) for claim in claims)
    sharing = [claim.name for claim in claims if claim.decision.false_alarms is None]
    spoken = f"the rates that cameras and zones say themselves add up to {describe_rate(own)}"
    what = f"{budget} for all cameras together is too little" + (f": {spoken}" if own else "")
    if sharing:
        more = f" and {len(sharing) - 1} more" if len(sharing) > 1 else ""
        what += f", and nothing is left for {sharing[0]}{more}"
    return WrongUse(what, "accept more for all together, or less for single cameras and zones")


def _unit(budget: str) -> str:
    return budget.partition("/")[2].strip()


def _in_unit(alarms_per_hour: float, budget: str) -> Decimal:
    return Decimal(alarms_per_hour) / Decimal(parse_rate(f"1/{_unit(budget)}"))


def _rounded_down(rate: Decimal) -> Decimal:
    places = max(rate.adjusted() - _DIGITS + 1, -_DECIMALS)
    return rate.quantize(Decimal(1).scaleb(places), ROUND_DOWN)


def _plain(rate: Decimal) -> str:
    text = f"{rate:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
