"""The recent picture: what was there all the time counts whole, what passed hardly at all."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_vad.recent import RecentPicture

SHAPE = (6, 8)


def recent(frames=30):
    out = np.zeros((2, *SHAPE), np.float32)
    return RecentPicture(frames, out), out


def grey(value):
    return np.full((SHAPE[0] * 4, SHAPE[1] * 4), value, np.uint8)


@given(frames=st.integers(1, 200), count=st.integers(1, 60), seed=st.integers(0, 1000))
def test_it_is_the_sum_of_pictures_that_fade(frames, count, seed):
    picture, out = recent(frames)
    values = np.random.default_rng(seed).integers(0, 256, count)
    for value in values:
        picture.push(grey(value))
    fading = np.exp(-np.arange(count)[::-1] / frames) * (1 - np.exp(-1 / frames))
    np.testing.assert_allclose(out[0], (fading * values).sum() / 255, atol=1e-4)
    np.testing.assert_allclose(out[1], fading.sum(), atol=1e-5)


@given(value=st.integers(0, 255), count=st.integers(1, 50))
def test_less_its_weight_a_scene_that_stays_as_it_is_leaves_nothing(value, count):
    picture, out = recent()
    for _ in range(count):
        picture.push(grey(value))
    np.testing.assert_allclose(out[0] - out[1] * value / 255, 0, atol=1e-5)


def test_a_frame_that_comes_late_counts_for_those_that_are_missing():
    late, out_late = recent()
    steady, out_steady = recent()
    for _ in range(4):
        late.push(grey(100), steps=3.0)
        for _ in range(3):
            steady.push(grey(100))
    np.testing.assert_allclose(out_late, out_steady, rtol=1e-4)


def test_what_is_there_for_long_counts_and_what_passes_does_not():
    picture, out = recent(frames=30)
    for index in range(60):
        frame = grey(100)
        frame[:, :4] = 200  # stays
        frame[:, 8 + index % 16 : 9 + index % 16] = 200  # passes
        picture.push(frame)
    difference = out[0] - out[1] * 100 / 255
    assert difference[0, 0] == pytest.approx(100 / 255 * out[1, 0, 0], rel=0.02)
    assert difference[:, 2:].max() < 0.2 * difference[0, 0]


def test_after_a_reset_nothing_of_before_counts():
    (picture, out), (fresh, out_fresh) = recent(), recent()
    for value in (3, 200, 90):
        picture.push(grey(value))
    picture.reset()
    for one in (picture, fresh):
        one.push(grey(50))
    np.testing.assert_array_equal(out, out_fresh)
