"""What a site accepts of false alarms, and what each of its cameras does."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_vad.alarms.settings import DecisionSettings, ZoneSettings
from edge_vad.errors import BadInput, WrongUse
from edge_vad.false_alarms import NormalTail, parse_rate
from edge_vad.site.budget.shares import (
    Claim,
    accepted_per_hour,
    describe_share,
    parts,
    shares,
    with_shares,
)
from edge_vad.site.reading import decode_site

CORNERS = ((0.0, 0.0), (9.0, 0.0), (9.0, 9.0))
RATE = st.sampled_from(["0.01/day", "1/week", "0.002/hour", "0.1/day"])
SITE = """
false_alarms = "3/day"
[[cameras]]
name = "gate"
source = "0"
scene = "gate.onnx"
[[cameras]]
name = "yard"
source = "1"
scene = "yard.onnx"
[cameras.decision]
false_alarms = "1/day"
"""


def tail(scale: float = 1.0) -> NormalTail:
    return NormalTail(24.0, 1, 0.0, 90.0, scale, 0.0)


def claim(
    name: str = "gate", own: str | None = None, zone: str | None = None, scale: float = 1.0
) -> Claim:
    zones = (ZoneSettings(name="door", polygon=CORNERS, false_alarms=zone),)
    return Claim(name, DecisionSettings(false_alarms=own, zones=zones), tail(scale))


CLAIMS = st.lists(
    st.builds(claim, own=st.none() | RATE, zone=st.none() | RATE, scale=st.floats(0.05, 20)),
    min_size=1,
    max_size=12,
)


def accepted(claims: list[Claim], rates: list[str]) -> float:
    return sum(
        accepted_per_hour(each.decision, rate) for each, rate in zip(claims, rates, strict=True)
    )


@given(CLAIMS, st.sampled_from(["3/day", "20/week", "0.7/hour", "1/minute"]))
def test_written_rates_never_pass_the_budget_and_waste_less_than_a_thousandth(claims, budget):
    total = accepted(claims, shares(budget, claims))
    assert total <= parse_rate(budget) * (1 + 1e-8)
    if any(each.decision.false_alarms is None for each in claims):
        assert total >= 0.999 * parse_rate(budget) or budget == "1/minute"


def test_those_with_their_own_rate_keep_it_and_the_others_share_the_rest():
    claims = [claim(own="12/week"), claim(scale=1.0), claim(scale=3.0), claim(zone="1/week")]
    assert shares("18/week", claims) == ["12/week", "1/week", "3/week", "1/week"]


def test_a_zone_without_its_own_rate_belongs_to_its_camera():
    assert shares("3/day", [claim(zone=None)]) == ["3/day"]


@pytest.mark.parametrize(
    ("budget", "claims", "what"),
    [
        ("3/day", [claim(own="4/day")], r"3/day .* is too little: .* add up to 4 a day$"),
        ("3/day", [claim(zone="3/day")], "3 a day, and nothing is left for gate$"),
        ("3/day", [claim(own="3/day"), claim("yard"), claim("lane")], "left for yard and 1 more$"),
        ("0.000000001/day", [claim("yard"), claim("lane")], "nothing is left for yard and 1 more$"),
    ],
)
def test_a_budget_that_is_too_small_is_refused_and_says_who_takes_it(budget, claims, what):
    with pytest.raises(WrongUse) as error:
        shares(budget, claims)
    assert re.search(what, error.value.what)


def test_own_rates_may_take_the_whole_budget_where_nobody_shares():
    assert shares("1/week", [claim(own="0.5/week", zone="0.5/week")]) == ["0.5/week"]


def test_a_site_without_a_budget_stays_as_it_is():
    site = decode_site(SITE.replace('false_alarms = "3/day"\n', "", 1))
    assert with_shares(site, lambda camera: pytest.fail("no scene is needed")) is site


def test_a_site_with_a_budget_decides_for_every_camera_and_may_be_decided_again():
    site = with_shares(decode_site(SITE), lambda camera: tail())
    assert [each.decision.false_alarms for each in site.cameras] == ["2/day", "1/day"]
    assert with_shares(site, lambda camera: tail()) == site


def test_a_budget_that_is_no_rate_is_refused_when_the_file_is_read():
    with pytest.raises(BadInput, match="'many' is not a rate of false alarms"):
        decode_site(SITE.replace("3/day", "many", 1))


@given(st.lists(CLAIMS, min_size=1, max_size=4))
def test_parts_of_sites_add_up_and_each_site_divides_its_own_by_itself(sites):
    said = parts("30/day", sites)
    assert sum(map(parse_rate, said)) <= parse_rate("30/day") * (1 + 1e-6)
    for part, site in zip(said, sites, strict=True):
        total = accepted(site, shares(part, site))
        assert total == pytest.approx(parse_rate(part), rel=1e-3)


def test_boxes_divide_their_parts_as_all_together_would():
    sites = [[claim(scale=1.0), claim(scale=2.0)], [claim(scale=3.0), claim(own="1/day")]]
    assert parts("7/day", sites) == ["3/day", "4/day"]
    assert shares("3/day", sites[0]) == ["1/day", "2/day"]
    assert shares("4/day", sites[1]) == ["3/day", "1/day"]


def test_shares_are_told_in_percent_however_small():
    assert [describe_share(each) for each in (1.0, 0.125, 0.0004)] == ["100%", "12%", "0.04%"]
