"""Patches: half of them from anywhere, half from where something happens."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from edge_vad_train.footage import Stretch
from edge_vad_train.patches import ACTIVE_SHARE, draw_corners, draw_patches
from edge_vad_train.streams import motion_view

PATCH = 4
MOVING = (slice(20, 26), slice(30, 36))


@pytest.fixture
def stretch() -> Stretch:
    """40 frames of 80x120; every value tells its place, and a small square moves."""
    frames = np.zeros((40, 80, 120, 3), np.uint8)
    motion = np.zeros((40, 4, 40, 60), np.float16)
    motion[:, 0] = np.arange(40 * 60).reshape(40, 60) / 2**20
    motion[:, 1, MOVING[0], MOVING[1]] = np.arange(40)[:, None, None]
    motion[0] = 1000  # what no patch may hold
    motion[:, 2:] = 2000  # the recent picture, which is no motion
    return Stretch("a", frames, motion)


def drawn(stretch: Stretch, count: int = 400, seed: int = 0) -> torch.Tensor:
    rng = np.random.default_rng(seed)
    return draw_patches([stretch], motion_view, PATCH, count, rng)


def test_patches_are_cut_from_the_input(stretch: Stretch) -> None:
    patches = drawn(stretch)
    assert patches.dtype == torch.float32
    assert patches.shape[1:] == (2, PATCH, PATCH)
    inputs = motion_view(stretch, slice(None))
    windows = inputs.unfold(2, PATCH, 1).unfold(3, PATCH, 1)
    known = {bytes(each.numpy()) for each in windows.permute(0, 2, 3, 1, 4, 5).flatten(0, 2)}
    assert all(bytes(each.contiguous().numpy()) in known for each in patches)


@pytest.mark.parametrize("count", [1, 10, 400, 2000])
def test_there_are_as_many_as_asked_for_or_a_few_more(stretch: Stretch, count: int) -> None:
    told: list[int] = []
    patches = draw_patches(
        [stretch], motion_view, PATCH, count, np.random.default_rng(0), told.append
    )
    assert count <= len(patches) == sum(told) < count + len(stretch)


def test_frames_without_a_predecessor_are_left_out(stretch: Stretch) -> None:
    assert float(drawn(stretch, 2000).max()) < 1000


def test_the_generator_decides_alone(stretch: Stretch) -> None:
    assert torch.equal(drawn(stretch, seed=1), drawn(stretch, seed=1))
    assert not torch.equal(drawn(stretch, seed=1), drawn(stretch, seed=2))


def test_half_of_the_patches_lie_where_something_moves_and_half_anywhere(
    stretch: Stretch,
) -> None:
    patches = drawn(stretch, 4000)
    share = float((patches[:, 1] > 0).any(-1).any(-1).float().mean())
    side = MOVING[0].stop - MOVING[0].start + PATCH - 1
    chance = side**2 / ((40 - PATCH + 1) * (60 - PATCH + 1))
    assert share == pytest.approx(ACTIVE_SHARE + (1 - ACTIVE_SHARE) * chance, abs=0.02)


@given(st.integers(0, 5), st.integers(0, 6), st.integers(0, 200), st.integers(0, 2**31))
def test_the_active_share_of_corners_falls_on_what_is_active(
    row: int, column: int, count: int, seed: int
) -> None:
    activity = np.zeros((6, 7), np.float32)
    activity[row, column] = 3.0
    corners = draw_corners(activity, count, np.random.default_rng(seed))
    assert len(corners) == count
    assert corners[: round(count * ACTIVE_SHARE)] == [(row, column)] * round(count * ACTIVE_SHARE)
    assert all(0 <= y < 6 and 0 <= x < 7 for y, x in corners)


def test_corners_follow_activity_in_proportion() -> None:
    activity = np.array([[1.0, 3.0], [0.0, 4.0]], np.float32)
    corners = draw_corners(activity, 40_000, np.random.default_rng(0))
    counts = np.zeros((2, 2))
    np.add.at(counts, tuple(np.array(corners).T), 1)
    expected = ACTIVE_SHARE * activity / activity.sum() + (1 - ACTIVE_SHARE) / 4
    np.testing.assert_allclose(counts / 40_000, expected, atol=0.01)


def test_where_nothing_happens_all_corners_are_alike() -> None:
    corners = draw_corners(np.zeros((4, 5), np.float32), 8000, np.random.default_rng(0))
    _, counts = np.unique(np.array(corners), axis=0, return_counts=True)
    assert len(counts) == 20
    np.testing.assert_allclose(counts / 8000, 1 / 20, atol=0.02)
