"""The baseline that learns nothing."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from edge_vad.motion import MotionExtractor, MotionSettings, Pooling
from edge_vad.opencv import cv2
from edge_vad_train.evaluation.baseline import MOTION, Baseline, baseline_map, baseline_score


def wide_texture() -> NDArray[np.uint8]:
    noise = np.random.default_rng(0).random((96, 200, 3)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 2.5)
    return np.asarray(cv2.normalize(smooth, None, 0, 255, cv2.NORM_MINMAX), np.uint8)


def panned(frames: int, speed: int) -> list[NDArray[np.uint8]]:
    texture = wide_texture()
    return [
        np.ascontiguousarray(texture[:, speed * index : speed * index + 128])
        for index in range(frames)
    ]


def test_a_translated_texture_scores_its_speed() -> None:
    baseline = Baseline(96, 128, MOTION)
    extractor = MotionExtractor(96, 128, MOTION)
    for image in panned(8, speed=3):
        values = baseline.map(image, extractor.push(image))
    # Where the texture neither leaves nor enters, everything moves at 3 px a frame.
    np.testing.assert_allclose(values[10:-10, 12:-12], 3, atol=0.1)


def test_the_first_frame_scores_zero() -> None:
    baseline = Baseline(96, 128, MOTION)
    image = wide_texture()[:, :128]
    assert baseline.map(image, np.zeros((48, 64, 2), np.float32)).max() == 0


def test_the_score_is_the_largest_mean_over_eleven_by_eleven_cells() -> None:
    motion = np.random.default_rng(1).normal(size=(24, 30, 2)).astype(np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(motion, (11, 11), axis=(0, 1))
    exact = np.hypot(*np.moveaxis(windows.mean(axis=(-2, -1)), -1, 0))
    values = baseline_map(motion)
    np.testing.assert_allclose(values[5:-5, 5:-5], exact, atol=1e-6)
    assert baseline_score(motion) == values.max()


def test_opposite_motion_in_one_box_cancels() -> None:
    motion = np.ones((22, 22, 2), np.float32)
    motion[::2] *= -1
    assert baseline_map(motion)[5:-5].max() < 0.2


def test_a_larger_motion_scores_more() -> None:
    motion = np.random.default_rng(1).normal(size=(24, 30, 2)).astype(np.float32)
    assert baseline_score(2 * motion) == pytest.approx(2 * baseline_score(motion))


@pytest.mark.parametrize("pooling", list(Pooling))
def test_the_scenes_own_motion_serves_where_its_mean_is_the_same(pooling: Pooling) -> None:
    scene = msgspec.structs.replace(MOTION, pooling=pooling)
    shared, alone = Baseline(96, 128, scene), Baseline(96, 128, MotionSettings(window=9))
    assert shared.shares_motion
    assert not alone.shares_motion
    extractor = MotionExtractor(96, 128, scene)
    for image in panned(4, speed=2):
        motion = extractor.push(image)
        np.testing.assert_array_equal(shared.map(image, motion), alone.map(image, motion))


def test_a_new_clip_begins_without_motion() -> None:
    baseline = Baseline(96, 128, MotionSettings(window=9))
    nothing = np.zeros((48, 64, 2), np.float32)
    first, second = panned(2, speed=3)
    baseline.map(first, nothing)
    assert baseline.map(second, nothing).max() > 0
    baseline.start_clip()
    assert baseline.map(first, nothing).max() == 0


def test_the_maps_cells_are_the_blocks_that_flow_is_averaged_over() -> None:
    grid = Baseline(96, 128, MOTION).grid
    assert (grid.rows, grid.columns, grid.patch, grid.stride) == (48, 64, 2, 2)
