"""Patches: half of them from anywhere, half from where something happens."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from edge_vad_train.data.footage import Footage, FrameSettings, FrameSize, Segment
from edge_vad_train.data.patches import ACTIVE_SHARE, draw_corners, draw_patches

PATCH = 4
SIDES = {"appearance": PATCH, "motion": PATCH}
FRAMES = 40
MOVING = (slice(20, 26), slice(30, 36))


def as_it_is(frame: Tensor, motion: Tensor) -> dict[str, Tensor]:
    """Frames and motion, as they are."""
    return {"appearance": frame[..., :1].permute(0, 3, 1, 2).float(), "motion": motion[:, :2]}


@pytest.fixture
def footage() -> Footage:
    """Two segments of 40x60; every value tells its place, and a small square moves."""
    frames = np.zeros((FRAMES, 40, 60, 3), np.uint8)
    motion = np.zeros((FRAMES, 3, 40, 60), np.float16)
    motion[:, 0] = np.arange(40 * 60).reshape(40, 60) / 2**20
    motion[:, 1, MOVING[0], MOVING[1]] = np.arange(FRAMES)[:, None, None]
    motion[0] = 1000  # what no patch may hold
    motion[:, 2] = 2000  # speed is no input of the streams
    segments = Segment(frames, motion, 0), Segment(frames, motion, 1)
    settings = FrameSettings(FrameSize(40, 60), 10.0, 999)
    return Footage(settings, ("a",), 0, (), 2 * FRAMES, 10.0, True, segments)


def drawn(footage: Footage, count: int = 400, seed: int = 0) -> dict[str, Tensor]:
    return draw_patches(footage, as_it_is, SIDES, count, seed)


def test_patches_are_cut_from_what_each_stream_sees(footage: Footage) -> None:
    patches = drawn(footage)
    assert patches["appearance"].shape[1:] == (1, PATCH, PATCH)
    assert patches["motion"].shape[1:] == (2, PATCH, PATCH)
    inputs = torch.from_numpy(footage.segments[0].motion[:, :2].astype(np.float32))
    windows = inputs.unfold(2, PATCH, 1).unfold(3, PATCH, 1)
    known = {bytes(each.numpy()) for each in windows.permute(0, 2, 3, 1, 4, 5).flatten(0, 2)}
    assert all(bytes(each.contiguous().numpy()) in known for each in patches["motion"])


@pytest.mark.parametrize("count", [100, 400, 2000])
def test_there_are_about_as_many_as_asked_for(footage: Footage, count: int) -> None:
    told: list[int] = []
    patches = draw_patches(footage, as_it_is, SIDES, count, 0, told.append)
    for each in patches.values():
        assert len(each) == sum(told) == pytest.approx(count, rel=0.5)


def test_no_more_frames_are_looked_at_than_are_needed(footage: Footage) -> None:
    """Patches of one frame are alike; of many frames there are more kinds of them."""
    patches = drawn(footage, 640)["motion"]
    numbers = {int(each) for each in patches[:, 1].flatten(1).amax(1)} - {0}
    assert len(numbers) > FRAMES / 4


def test_frames_without_a_predecessor_are_left_out(footage: Footage) -> None:
    assert float(drawn(footage, 4000)["motion"].max()) < 1000


def test_the_seed_decides_alone(footage: Footage) -> None:
    one, again, other = (drawn(footage, seed=seed)["motion"] for seed in (1, 1, 2))
    assert torch.equal(one, again)
    assert not torch.equal(one, other)


def test_half_of_the_patches_lie_where_something_moves_and_half_anywhere(
    footage: Footage,
) -> None:
    patches = drawn(footage, 6000)["motion"]
    share = float((patches[:, 1] > 0).any(-1).any(-1).float().mean())
    side = MOVING[0].stop - MOVING[0].start + PATCH - 1
    chance = side**2 / ((40 - PATCH + 1) * (60 - PATCH + 1))
    assert share == pytest.approx(ACTIVE_SHARE + (1 - ACTIVE_SHARE) * chance, abs=0.03)


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
