"""The baseline that learns nothing."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_vad.opencv import cv2
from edge_vad_train.evaluation.baseline import NAMES, Baselines, box_flow, flow_energy


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
    baseline = Baselines(96, 128)
    for image in panned(8, speed=3):
        values, energy = baseline.maps(image)
    # Where the texture neither leaves nor enters, everything moves at 3 px a frame.
    np.testing.assert_allclose(values[10:-10, 12:-12], 3, atol=0.1)
    np.testing.assert_allclose(energy[10:-10, 12:-12], 9, atol=0.5)


def test_the_first_frame_scores_zero() -> None:
    baseline = Baselines(96, 128)
    maps = baseline.maps(wide_texture()[:, :128])
    assert [each.max() for each in maps] == [0, 0]
    assert len(maps) == len(NAMES)


def test_the_score_is_the_largest_mean_over_eleven_by_eleven_cells() -> None:
    motion = np.random.default_rng(1).normal(size=(2, 24, 30)).astype(np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(motion, (11, 11), axis=(1, 2))
    exact = np.hypot(*windows.mean(axis=(-2, -1)))
    values = box_flow(motion)
    np.testing.assert_allclose(values[5:-5, 5:-5], exact, atol=1e-6)


def test_the_energy_is_the_mean_square_over_fourteen_by_fourteen_cells() -> None:
    motion = np.random.default_rng(1).normal(size=(2, 24, 30)).astype(np.float32)
    square = (motion**2).sum(axis=0)
    windows = np.lib.stride_tricks.sliding_window_view(square, (14, 14))
    np.testing.assert_allclose(flow_energy(motion)[7:-6, 7:-6], windows.mean((-2, -1)), rtol=1e-5)


def test_opposite_motion_in_one_box_cancels_and_keeps_its_energy() -> None:
    motion = np.ones((2, 22, 22), np.float32)
    motion[:, ::2] *= -1
    assert box_flow(motion)[5:-5].max() < 0.2
    np.testing.assert_allclose(flow_energy(motion), 2, rtol=1e-5)


def test_a_larger_motion_scores_more() -> None:
    motion = np.random.default_rng(1).normal(size=(2, 24, 30)).astype(np.float32)
    assert box_flow(2 * motion).max() == pytest.approx(2 * box_flow(motion).max())
    assert flow_energy(2 * motion).max() == pytest.approx(4 * flow_energy(motion).max())


def test_a_new_clip_begins_without_motion() -> None:
    baseline = Baselines(96, 128)
    first, second = panned(2, speed=3)
    baseline.maps(first)
    assert baseline.maps(second)[0].max() > 0
    baseline.start_clip()
    assert baseline.maps(first)[0].max() == 0


def test_the_maps_cells_are_the_blocks_that_flow_is_averaged_over() -> None:
    grid = Baselines(96, 128).grid
    assert (grid.rows, grid.columns, grid.patch, grid.stride) == (48, 64, 2, 2)
