from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_vad_bench import stats

TIMES = st.lists(st.floats(0.01, 1e4), min_size=1, max_size=200)


@given(TIMES)
def test_percentiles_rise_and_none_is_beyond_the_slowest(times):
    found = stats.latency(times, 90)
    rising = [found.p50, found.p90, found.p95, found.p99, found.p999, found.slowest]
    assert rising == sorted(rising)
    assert found.slowest == pytest.approx(max(times), abs=1e-4)


@given(TIMES, st.sampled_from([0.5, 0.9, 0.99]))
def test_the_bound_is_no_lower_than_the_percentile(times, share):
    bound = stats.upper_bound(np.array(times), share)
    if bound is not None:
        assert bound >= np.percentile(times, 100 * share, method="lower")


def test_too_few_queries_bound_nothing():
    assert stats.upper_bound(np.arange(20.0), 0.99) is None


def test_the_bound_holds_as_often_as_it_says():
    random = np.random.default_rng(0)
    held = [(stats.upper_bound(random.random(200), 0.9) or 1.0) >= 0.9 for _ in range(2000)]
    assert np.mean(held) >= 0.985


@given(st.floats(-2, 3), st.floats(0.1, 100))
def test_the_exponent_of_a_power_is_that_power(power, factor):
    sizes = [1.0, 2.0, 5.0, 9.0]
    times = [factor * size**power for size in sizes]
    assert stats.exponent(sizes, times) == pytest.approx(power, abs=1e-6)


@pytest.mark.parametrize(
    ("medians", "settled"),
    [([1, 1, 1], True), ([1, 1], False), ([9, 1, 1, 1.04], True), ([1, 1, 1.2], False)],
)
def test_blocks_are_settled_when_the_last_ones_agree(medians, settled):
    assert stats.is_settled(np.array(medians, float), 3, 0.05) is settled


def test_every_block_has_its_own_median():
    assert stats.block_medians([1, 2, 3, 10, 20], (3, 2)).tolist() == [2, 15]


def test_jitter_is_the_mean_difference_of_neighbours():
    assert stats.jitter(np.array([1.0, 3.0, 2.0])) == 1.5
    assert stats.jitter(np.array([1.0])) == 0
