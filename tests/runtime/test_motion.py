from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_vad.motion import (
    LARGEST_FLOW_PX,
    LONGEST_PAUSE,
    UNITS_PER_PIXEL,
    DynamicFlow,
    FlowMeter,
    MotionExtractor,
    MotionSettings,
    Pooling,
    rank_weights,
)
from edge_vad.opencv import cv2

SHAPE = (2, 3, 2)


def fields(count, seed, largest=20.0):
    values = np.random.default_rng(seed).uniform(-largest, largest, (count, *SHAPE))
    return values.astype(np.float32)


def pooled_directly(window):
    """Mean and rank pooling of a window, by their definitions, in whole 256ths of a pixel."""
    units = np.rint(window.astype(np.float64) * UNITS_PER_PIXEL)
    weights, magnitude = rank_weights(len(window))
    mean = units.mean(axis=0) / UNITS_PER_PIXEL
    rank = np.tensordot(weights, units, axes=1) / (max(magnitude, 1) * UNITS_PER_PIXEL)
    return np.concatenate([mean, rank], axis=-1)


@given(
    window=st.integers(1, 12),
    count=st.integers(1, 40),
    seed=st.integers(0, 2**32 - 1),
    largest=st.sampled_from([0.01, 1.0, 127.0]),
)
def test_mean_and_rank_are_the_weighted_sums_over_the_window(window, count, seed, largest):
    pool = DynamicFlow(*SHAPE[:2], window, Pooling.MEAN_AND_RANK)
    seen = fields(count, seed, largest)
    for last in range(1, count + 1):
        pooled = pool.push(seen[last - 1])
        expected = pooled_directly(seen[max(0, last - window) : last])
        np.testing.assert_allclose(pooled, expected, rtol=1e-6, atol=1e-6)


@given(window=st.integers(1, 6), count=st.integers(1, 12), seed=st.integers(0, 1000))
def test_the_mean_alone_is_the_mean_beside_the_rank(window, count, seed):
    alone = DynamicFlow(*SHAPE[:2], window, Pooling.MEAN)
    both = DynamicFlow(*SHAPE[:2], window, Pooling.MEAN_AND_RANK)
    for field in fields(count, seed):
        np.testing.assert_array_equal(alone.push(field), both.push(field)[..., :2])


def test_thousands_of_fields_leave_no_rounding_error():
    pool = DynamicFlow(*SHAPE[:2], 7, Pooling.MEAN_AND_RANK)
    for field in fields(5000, seed=1, largest=100.0):
        pool.push(field)
    last = fields(7, seed=2)
    fresh = DynamicFlow(*SHAPE[:2], 7, Pooling.MEAN_AND_RANK)
    for field in last:
        after_thousands, alone = pool.push(field), fresh.push(field)
    np.testing.assert_array_equal(after_thousands, alone)


def test_the_longest_window_of_the_largest_flow_does_not_overflow():
    pool = DynamicFlow(*SHAPE[:2], 256, Pooling.MEAN_AND_RANK)
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
    pool, fresh = (DynamicFlow(*SHAPE[:2], 4, pooling) for _ in range(2))
    for field in fields(6, seed=3):
        pool.push(field)
    pool.reset()
    for field in fields(6, seed=4):
        np.testing.assert_array_equal(pool.push(field), fresh.push(field))


@pytest.mark.parametrize("pooling", Pooling)
def test_the_first_frame_has_no_motion(make, pooling):
    extractor = MotionExtractor(48, 64, MotionSettings(pooling=pooling))
    motion = extractor.push(make.texture())
    assert motion.shape == extractor.shape == (24, 32, pooling.channels + 2)
    assert not motion[..., : pooling.channels].any()


@settings(max_examples=15, deadline=None)
@given(right=st.integers(-4, 4), down=st.integers(-3, 3))
def test_a_texture_that_moves_gives_its_shift(make, right, down):
    picture = make.texture(height=96, width=128)
    extractor = MotionExtractor(96, 128, MotionSettings())
    extractor.push(picture)
    motion = extractor.push(np.roll(picture, (down, right), axis=(0, 1)))
    middle = motion[12:36, 16:48, :2].reshape(-1, 2)
    np.testing.assert_allclose(np.median(middle, axis=0), [right, down], atol=0.25)


def test_a_frame_after_a_reset_is_a_first_frame(make):
    extractor = MotionExtractor(48, 64, MotionSettings())
    for seed in range(3):
        extractor.push(make.texture(seed))
    extractor.reset()
    again, fresh = extractor.push(make.texture(7)), MotionExtractor(48, 64, MotionSettings())
    np.testing.assert_array_equal(again, fresh.push(make.texture(7)))
    assert not again[..., :2].any()


def test_frames_that_do_not_divide_evenly_lose_their_last_pixels(make):
    extractor = MotionExtractor(49, 67, MotionSettings(downscale=4, memory=0))
    for seed in range(2):
        motion = extractor.push(make.texture(seed, 49, 67))
    assert motion.shape == (12, 16, 2)


def test_between_equal_pictures_nothing_would_have_been_found(make):
    picture = cv2.cvtColor(make.texture(height=96, width=128), cv2.COLOR_BGR2GRAY)
    meter = FlowMeter(96, 128, MotionSettings())
    assert not meter.measure(picture, picture.copy(), np.zeros(meter.shape, np.float32))
    np.testing.assert_array_equal(meter._flow.calc(picture, picture.copy(), None), 0)


def shifted(make, by):
    return np.roll(make.texture(height=96, width=128), by, axis=1)


def extractor_of_one_field():
    return MotionExtractor(96, 128, MotionSettings(window=1))


def test_a_picture_that_comes_again_changes_nothing_but_cannot_be_judged_for_ever(make):
    extractor = extractor_of_one_field()
    extractor.push(shifted(make, 0))
    before = extractor.push(shifted(make, 2)).copy()
    for repeat in range(1, LONGEST_PAUSE + 5):
        np.testing.assert_array_equal(extractor.push(shifted(make, 2)), before)
        assert extractor.known == (repeat <= LONGEST_PAUSE)


def test_the_picture_that_ends_a_long_pause_is_a_first_one(make):
    extractor = MotionExtractor(96, 128, MotionSettings())
    for by in (0, 2, *[2] * (LONGEST_PAUSE + 1)):
        extractor.push(shifted(make, by))
    motion = extractor.push(shifted(make, 20))
    assert not extractor.known
    assert not motion[..., :2].any()
    motion = extractor.push(shifted(make, 22))
    assert extractor.known
    assert np.median(motion[12:36, 16:48, 0]) == pytest.approx(2, abs=0.25)


def test_of_a_camera_whose_every_picture_stands_for_long_motion_is_known(make):
    extractor = extractor_of_one_field()
    repeats = LONGEST_PAUSE + 5
    for by in (0, 8, 16):
        for _ in range(repeats):
            motion = extractor.push(shifted(make, by))
    extractor.push(shifted(make, 24))
    assert extractor.known
    assert np.median(motion[12:36, 16:48, 0]) == pytest.approx(8 / repeats, abs=0.05)


@pytest.mark.parametrize("repeats", [1, 3])
def test_what_moved_over_repeated_pictures_is_divided_by_their_time(make, repeats):
    extractor = extractor_of_one_field()
    extractor.push(shifted(make, 0))
    for _ in range(repeats):
        extractor.push(shifted(make, 0))
    motion = extractor.push(shifted(make, 4))
    assert np.median(motion[12:36, 16:48, 0]) == pytest.approx(4 / (repeats + 1), abs=0.1)


def test_a_long_pause_makes_nobody_one_who_stays(make):
    recent = []
    for pause in (0, LONGEST_PAUSE + 50):
        extractor = MotionExtractor(96, 128, MotionSettings())
        for by in (0, 2, *[2] * pause, 20):
            motion = extractor.push(shifted(make, by))
        recent.append(motion[..., 2:].copy())
    np.testing.assert_array_equal(*recent)
