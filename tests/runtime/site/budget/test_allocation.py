"""How false alarms are divided among cameras."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from edge_vad.false_alarms import NormalTail, poisson_interval
from edge_vad.site.budget.allocation import LEAST, allocate

TAIL = st.builds(
    NormalTail,
    hours=st.floats(0.1, 1000),
    frames=st.just(1),
    start=st.floats(-10, 10),
    alarms_per_hour=st.floats(1e-3, 1e4),
    scale=st.floats(0.01, 100),
    shape=st.one_of(st.just(0.0), st.floats(0, 0.9)),
)
TAILS = st.lists(TAIL, min_size=1, max_size=12)
BUDGET = st.floats(1e-4, 1e3)
WITHIN = 1 + 1e-9


def tail(scale: float = 1.0, shape: float = 0.0, often: float = 30.0) -> NormalTail:
    return NormalTail(24.0, 1, 0.0, often, scale, shape)


@given(BUDGET, TAILS)
def test_rates_add_up_to_the_budget_or_to_what_tails_can_tell(budget, tails):
    most = [each.alarms_per_hour / math.e for each in tails]
    assert math.fsum(allocate(budget, tails)) == pytest.approx(min(budget, math.fsum(most)))


@given(BUDGET, TAILS)
def test_every_threshold_lies_a_scale_above_the_start_of_its_tail_and_can_follow_drift(
    budget, tails
):
    for rate, each in zip(allocate(budget, tails), tails, strict=True):
        assert (each.threshold(rate) - each.start) / each.scale >= 1 - 1e-6


@given(BUDGET, TAILS)
def test_no_camera_gets_less_than_its_part_of_the_equal_tenth(budget, tails):
    for rate, each in zip(allocate(budget, tails), tails, strict=True):
        equal = LEAST * budget / len(tails)
        assert rate * WITHIN >= min(equal, each.alarms_per_hour / math.e)


@given(BUDGET, TAILS, st.floats(1, 100))
def test_a_larger_budget_lowers_no_rate(budget, tails, factor):
    before, after = allocate(budget, tails), allocate(budget * factor, tails)
    assert all(less <= more * WITHIN for less, more in zip(before, after, strict=True))


@given(BUDGET, TAILS, TAIL)
def test_another_camera_raises_no_rate_and_a_camera_less_lowers_none(budget, tails, another):
    before, after = allocate(budget, tails), allocate(budget, [*tails, another])
    assert all(less <= more * WITHIN for more, less in zip(before, after[:-1], strict=True))


@given(BUDGET, TAILS, st.floats(1, 10))
def test_a_heavier_tail_takes_and_the_others_give(budget, tails, factor):
    heavier = msgspec.structs.replace(tails[0], scale=tails[0].scale * factor)
    before, after = allocate(budget, tails), allocate(budget, [heavier, *tails[1:]])
    assert before[0] <= after[0] * WITHIN
    assert all(less <= more * WITHIN for more, less in zip(before[1:], after[1:], strict=True))


@given(BUDGET, TAILS, st.randoms())
def test_the_order_of_cameras_changes_nothing_at_all(budget, tails, random):
    rates = allocate(budget, tails)
    order = list(range(len(tails)))
    random.shuffle(order)
    assert allocate(budget, [tails[place] for place in order]) == [rates[each] for each in order]


@given(BUDGET, TAIL, st.integers(1, 12))
def test_cameras_of_one_scene_get_the_same(budget, each, count):
    assert len(set(allocate(budget, [each] * count))) == 1


@given(BUDGET, TAILS, st.integers(1, 11))
def test_a_part_of_the_cameras_with_what_it_got_divides_it_in_the_same_way(budget, tails, size):
    """As long as no bound is reached; a bound of the part is that of its own mean."""
    rates = allocate(budget, tails)
    low, high = LEAST * budget, [each.alarms_per_hour / math.e for each in tails]
    if any(rate < low or rate > most / 2 for rate, most in zip(rates, high, strict=True)):
        return
    again = allocate(math.fsum(rates[:size]), tails[:size])
    assert again == pytest.approx(rates[:size])


# Of SciPy before 1.11, which steps beyond its bounds and comes back.
@pytest.mark.filterwarnings("ignore:Values in x were outside bounds:RuntimeWarning")
def test_no_other_division_has_a_lower_sum_of_thresholds():
    """Against a solver that knows nothing of the formula."""
    rng = np.random.default_rng(7)
    for _ in range(5):
        tails = [
            tail(rng.uniform(0.5, 3), rng.choice([0.0, rng.uniform(0, 0.5)]), rng.uniform(20, 90))
            for _ in range(6)
        ]
        budget = 6.0
        found = minimize(
            lambda rates, tails=tails: sum(
                each.threshold(rate) for each, rate in zip(tails, rates, strict=True)
            ),
            np.full(6, budget / 6),
            bounds=[(LEAST * budget / 6, each.alarms_per_hour / math.e) for each in tails],
            constraints={"type": "eq", "fun": lambda rates, budget=budget: sum(rates) - budget},
            options={"ftol": 1e-12, "maxiter": 1000},
        )
        assert found.success
        assert allocate(budget, tails) == pytest.approx(found.x, rel=1e-3)


def test_rates_of_exponential_tails_are_in_proportion_to_their_scales():
    rates = allocate(7.0, [tail(1.0, often=20), tail(2.0, often=90), tail(4.0, often=60)])
    assert rates == pytest.approx([1.0, 2.0, 4.0])


def test_a_tail_that_is_all_but_nothing_keeps_its_part_of_the_tenth():
    assert allocate(2.0, [tail(1e-6), tail(1.0)]) == pytest.approx([0.1, 1.9])


def test_what_a_quiet_scene_cannot_use_goes_to_the_others():
    assert allocate(2.0, [tail(often=math.e / 10), tail()]) == pytest.approx([0.1, 1.9])


DAYS, CAMERAS = 1000, 200


def simulated(budget: float, tails: list[NormalTail], rng: np.random.Generator) -> int:
    """Alarms of all cameras in a thousand days of ordinary life at their shares of the budget.

    Every peak above the start of a tail is drawn, and held against the threshold.
    """
    count = 0
    for each, rate in zip(tails, allocate(budget, tails), strict=True):
        excess = rng.standard_exponential(rng.poisson(each.alarms_per_hour * 24 * DAYS))
        if each.shape:
            excess = np.expm1(each.shape * excess) / each.shape
        count += int((each.start + each.scale * excess >= each.threshold(rate)).sum())
    return count


@pytest.mark.parametrize("said", [3.0, 0.5])
def test_two_hundred_cameras_raise_what_the_site_accepts_in_a_thousand_days(said):
    rng = np.random.default_rng(2029)
    tails = [
        NormalTail(
            hours=24.0,
            frames=1,
            start=rng.normal(),
            alarms_per_hour=rng.uniform(0.5, 4),
            scale=rng.lognormal(0, 0.5),
            shape=rng.choice([0.0, rng.uniform(0, 0.5)]),
        )
        for _ in range(CAMERAS)
    ]
    count = simulated(said / 24, tails, rng)
    low, high = poisson_interval(count, DAYS)
    print(f"{said}/day: {count} alarms, {low:.3f} to {high:.3f} a day")
    assert low <= said <= high
