from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_vad.motion.dynamic_flow import (
    UNITS_PER_PIXEL,
    DynamicFlow,
    Pooling,
    rank_weights,
)

SHAPE = (2, 2, 3)


def fields(count, seed, largest=20.0):
    values = np.random.default_rng(seed).uniform(-largest, largest, (count, *SHAPE))
    return values.astype(np.float32)


def in_units(values):
    return np.rint(values.astype(np.float64) * UNITS_PER_PIXEL)


def pooled_directly(window, pooling):
    """A window pooled by its definition, in whole 256ths of a pixel."""
    if pooling is Pooling.RANK:
        weights, magnitude = rank_weights(len(window))
        ranked = np.tensordot(weights, in_units(window), axes=1)
        return ranked / (max(magnitude, 1) * UNITS_PER_PIXEL)
    speed = np.hypot(window[:, 0], window[:, 1])[:, None]
    fields = window if pooling is Pooling.MEAN else np.concatenate([window, speed], 1)
    return in_units(fields).mean(axis=0) / UNITS_PER_PIXEL


@pytest.mark.parametrize("pooling", Pooling)
@given(
    window=st.integers(1, 12),
    count=st.integers(1, 40),
    seed=st.integers(0, 2**32 - 1),
    largest=st.sampled_from([0.01, 1.0, 89.0]),
)
def test_every_pooling_is_its_definition_over_the_window(pooling, window, count, seed, largest):
    pool = DynamicFlow(*SHAPE[1:], window, pooling)
    seen = fields(count, seed, largest)
    for last in range(1, count + 1):
        pooled = pool.push(seen[last - 1])
        expected = pooled_directly(seen[max(0, last - window) : last], pooling)
        assert pooled.shape == (pooling.channels, *SHAPE[1:])
        # A speed in single precision may fall on the other side of half a unit.
        np.testing.assert_allclose(pooled, expected, rtol=1e-6, atol=1.01 / UNITS_PER_PIXEL)
        np.testing.assert_allclose(pooled[:2], expected[:2], rtol=1e-6, atol=1e-6)


@given(window=st.integers(1, 6), count=st.integers(1, 12), seed=st.integers(0, 1000))
def test_the_mean_alone_is_the_mean_beside_the_speed(window, count, seed):
    alone = DynamicFlow(*SHAPE[1:], window, Pooling.MEAN)
    both = DynamicFlow(*SHAPE[1:], window, Pooling.MEAN_AND_SPEED)
    for field in fields(count, seed):
        np.testing.assert_array_equal(alone.push(field), both.push(field)[:2])


@given(window=st.integers(1, 6), count=st.integers(1, 12), seed=st.integers(0, 1000))
def test_the_mean_speed_is_never_below_the_speed_of_the_mean(window, count, seed):
    pool = DynamicFlow(*SHAPE[1:], window, Pooling.MEAN_AND_SPEED)
    for field in fields(count, seed):
        right, down, speed = pool.push(field)
        assert (speed >= np.hypot(right, down) - 1.5 / UNITS_PER_PIXEL).all()


def test_what_moves_to_and_fro_has_a_speed_and_no_flow():
    pool = DynamicFlow(*SHAPE[1:], 4, Pooling.MEAN_AND_SPEED)
    for sign in (1, -1, 1, -1):
        right, down, speed = pool.push(np.full(SHAPE, sign * 3.0, np.float32))
    assert not right.any()
    assert not down.any()
    np.testing.assert_allclose(speed, np.hypot(3, 3), atol=1 / UNITS_PER_PIXEL)


@pytest.mark.parametrize("pooling", Pooling)
def test_thousands_of_fields_leave_no_rounding_error(pooling):
    pool, fresh = (DynamicFlow(*SHAPE[1:], 7, pooling) for _ in range(2))
    for field in fields(5000, seed=1, largest=100.0):
        pool.push(field)
    for field in fields(7, seed=2):
        after_thousands, alone = pool.push(field), fresh.push(field)
    np.testing.assert_array_equal(after_thousands, alone)


@pytest.mark.parametrize("pooling", Pooling)
def test_the_longest_window_of_the_largest_flow_does_not_overflow(pooling):
    pool = DynamicFlow(*SHAPE[1:], 256, pooling)
    for index in range(600):
        sign = 1 if index % 512 < 256 else -1
        pooled = pool.push(np.full(SHAPE, sign * 1e6, np.float32))
        assert (
            np.abs(pooled).max() <= np.iinfo(np.int16).max / UNITS_PER_PIXEL + 1 / UNITS_PER_PIXEL
        )


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
