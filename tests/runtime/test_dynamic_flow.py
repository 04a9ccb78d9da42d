from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_vad.dynamic_flow import (
    LARGEST_FLOW_PX,
    UNITS_PER_PIXEL,
    DynamicFlow,
    Pooling,
    rank_weights,
)

SHAPE = (2, 2, 3)


def fields(count, seed, largest=20.0):
    values = np.random.default_rng(seed).uniform(-largest, largest, (count, *SHAPE))
    return values.astype(np.float32)


def pooled_directly(window):
    """Mean and rank pooling of a window, by their definitions, in whole 256ths of a pixel."""
    units = np.rint(window.astype(np.float64) * UNITS_PER_PIXEL)
    weights, magnitude = rank_weights(len(window))
    mean = units.mean(axis=0) / UNITS_PER_PIXEL
    rank = np.tensordot(weights, units, axes=1) / (max(magnitude, 1) * UNITS_PER_PIXEL)
    return np.concatenate([mean, rank])


@given(
    window=st.integers(1, 12),
    count=st.integers(1, 40),
    seed=st.integers(0, 2**32 - 1),
    largest=st.sampled_from([0.01, 1.0, 127.0]),
)
def test_mean_and_rank_are_the_weighted_sums_over_the_window(window, count, seed, largest):
    pool = DynamicFlow(*SHAPE[1:], window, Pooling.MEAN_AND_RANK)
    seen = fields(count, seed, largest)
    for last in range(1, count + 1):
        pooled = pool.push(seen[last - 1])
        expected = pooled_directly(seen[max(0, last - window) : last])
        np.testing.assert_allclose(pooled, expected, rtol=1e-6, atol=1e-6)


@given(window=st.integers(1, 6), count=st.integers(1, 12), seed=st.integers(0, 1000))
def test_the_mean_alone_is_the_mean_beside_the_rank(window, count, seed):
    alone = DynamicFlow(*SHAPE[1:], window, Pooling.MEAN)
    both = DynamicFlow(*SHAPE[1:], window, Pooling.MEAN_AND_RANK)
    for field in fields(count, seed):
        np.testing.assert_array_equal(alone.push(field), both.push(field)[:2])


def test_thousands_of_fields_leave_no_rounding_error():
    pool = DynamicFlow(*SHAPE[1:], 7, Pooling.MEAN_AND_RANK)
    for field in fields(5000, seed=1, largest=100.0):
        pool.push(field)
    last = fields(7, seed=2)
    fresh = DynamicFlow(*SHAPE[1:], 7, Pooling.MEAN_AND_RANK)
    for field in last:
        after_thousands, alone = pool.push(field), fresh.push(field)
    np.testing.assert_array_equal(after_thousands, alone)


def test_the_longest_window_of_the_largest_flow_does_not_overflow():
    pool = DynamicFlow(*SHAPE[1:], 256, Pooling.MEAN_AND_RANK)
    for index in range(600):
        sign = 1 if index % 512 < 256 else -1
        pooled = pool.push(np.full(SHAPE, sign * 1e6, np.float32))
        assert np.abs(pooled).max() <= LARGEST_FLOW_PX + 1 / UNITS_PER_PIXEL


@given(st.integers(1, 300))
def test_the_sum_of_the_rank_weights_magnitudes_is_what_it_says(count):
    weights, magnitude = rank_weights(count)
    assert np.abs(weights).sum() == magnitude
    assert weights.sum() == 0


@pytest.mark.parametrize("pooling", Pooling)
def test_after_a_reset_nothing_of_before_counts(pooling):
    pool, fresh = (DynamicFlow(*SHAPE[1:], 4, pooling) for _ in range(2))
    for field in fields(6, seed=3):
        pool.push(field)
    pool.reset()
    for field in fields(6, seed=4):
        np.testing.assert_array_equal(pool.push(field), fresh.push(field))
