"""What a scene sees: foreground, and motion in units of what is ordinary there."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from edge_vad_train.model.background import Background
from edge_vad_train.model.stream_inputs import (
    CELL_FEATURES,
    PaperInputs,
    PerspectiveInputs,
    StreamInputs,
)
from edge_vad_train.model.vae import Encoder
from edge_vad_train.settings import TrainSettings

ARCHITECTURES = TrainSettings().architectures
MOTION = ARCHITECTURES["motion"]
HEIGHT, WIDTH = 96, 128
SHRUNK = 4
"""The streams see a quarter of the frame's resolution."""


def grid_of(height: int, width: int) -> tuple[int, int]:
    rows, columns = (
        (side // SHRUNK - MOTION.patch) // MOTION.stride + 1 for side in (height, width)
    )
    return rows, columns


def make_inputs_of(
    scale: float | Tensor = 1.0, height: int = HEIGHT, width: int = WIDTH
) -> StreamInputs:
    """Sees a grey scene, with a scale for each row or one for all."""
    rows, _ = grid_of(height, width)
    pictures = torch.full((1, 1, height // 2, width // 2), 0.4)
    each = scale if isinstance(scale, Tensor) else torch.full((rows,), scale)
    return PerspectiveInputs(Background(pictures), each, MOTION)


def scene(height: int = HEIGHT, width: int = WIDTH) -> tuple[Tensor, Tensor]:
    """The empty scene: a frame and its motion."""
    frame = torch.full((1, height, width, 3), round(0.4 * 255), dtype=torch.uint8)
    return frame, torch.zeros(1, 3, height // SHRUNK, width // SHRUNK)


def with_thing(
    top: int = 40, left: int = 48, flow: tuple[float, float] = (0.0, 0.0), side: int = 16
) -> tuple[Tensor, Tensor]:
    """A dark square that moves, px of the frame."""
    frame, motion = scene()
    frame[:, top : top + side, left : left + side] = 10
    rows, columns = (slice(start // SHRUNK, (start + side) // SHRUNK) for start in (top, left))
    for channel, value in enumerate((*flow, (flow[0] ** 2 + flow[1] ** 2) ** 0.5)):
        motion[:, channel, rows, columns] = value
    return frame, motion


@given(st.integers(16, 120), st.integers(16, 120))
@settings(max_examples=40)
def test_every_view_has_the_encoders_grid_whatever_the_frames_size(
    rows_of_4: int, columns_of_4: int
) -> None:
    height, width = 4 * rows_of_4, 4 * columns_of_4
    seen = make_inputs_of(height=height, width=width)(*scene(height, width))
    grid = grid_of(height, width)
    for name, image in seen.of_encoders.items():
        assert Encoder(ARCHITECTURES[name]).mean_of(image).shape[2:] == grid
    assert seen.cell_features.shape == (1, CELL_FEATURES, *grid)
    assert seen.activity.shape == (1, 1, *grid)
    assert seen.presence.shape == (1, *grid)


def test_of_the_empty_scene_all_is_nought() -> None:
    seen = make_inputs_of()(*scene())
    assert seen.light is None
    for each in seen[:-1]:
        assert not each.any()


@given(st.floats(0.3, 8), st.floats(-5, 5), st.floats(-5, 5))
@settings(max_examples=30)
def test_motion_is_told_in_units_of_the_scale(scale: float, right: float, down: float) -> None:
    frame, motion = scene()
    motion += torch.tensor([right, down, 7.0])[:, None, None]
    seen = make_inputs_of(scale)(frame, motion)
    expected = (torch.tensor([right, down, 7.0]) / scale).clamp(-8, 8)
    grid = seen.cell_features.shape[2:]
    torch.testing.assert_close(
        seen.cell_features[0, :3], expected[:, None, None].expand(3, *grid), rtol=1e-4, atol=1e-4
    )
    told = (motion[:, :2] / scale).clamp(-8, 8)
    torch.testing.assert_close(seen.flow, told, rtol=1e-4, atol=1e-4)


def test_who_is_near_and_who_is_far_walk_alike() -> None:
    rows, _ = grid_of(HEIGHT, WIDTH)
    scale = torch.linspace(0.5, 3, rows)
    pixels = torch.arange(HEIGHT // SHRUNK, dtype=torch.float32)
    of_pixels = 0.5 + 2.5 / (rows - 1) * (pixels - (MOTION.patch - 1) / 2) / MOTION.stride
    frame, motion = scene()
    motion[:, 0] = of_pixels.clamp(0.5, 3)[:, None]
    numbers = make_inputs_of(scale)(frame, motion).cell_features
    torch.testing.assert_close(numbers[0, 0], torch.ones_like(numbers[0, 0]), rtol=0.02, atol=0)


def test_a_thing_that_stands_is_foreground_that_does_not_move() -> None:
    seen = make_inputs_of()(*with_thing())
    assert not seen.cell_features[:, :3].any()
    assert float(seen.cell_features[:, 3].max()) == pytest.approx((16 / 24) ** 2, abs=0.01)
    assert float(seen.cell_features[:, 4].max()) == pytest.approx((16 / 40) ** 2, abs=0.01)


def test_a_scene_that_is_shifted_by_cells_is_seen_shifted_by_cells() -> None:
    step = MOTION.stride * SHRUNK
    near, far = (make_inputs_of()(*with_thing(40, left, (2, 1))) for left in (48, 48 + 2 * step))
    inside = slice(3, -3)  # what reaches over the edge is seen in part
    for name in ("cell_features", "activity", "presence"):
        moved = getattr(near, name).roll(2, -1)[..., inside]
        torch.testing.assert_close(getattr(far, name)[..., inside], moved)


@pytest.mark.parametrize(
    ("flow", "side", "active"),
    [
        ((0, 0), 0, False),
        ((4, 0), 0, False),  # noise and compression give flow, too
        ((4, 0), 7, True),
        ((0, -4), 7, True),
        ((0, 0), 4, False),
        ((0, 0), 16, True),
    ],
)
def test_cells_count_where_something_is_or_moves_and_is_seen(
    flow: tuple[float, float], side: int, active: bool
) -> None:
    frame, _ = with_thing(side=side)
    _, motion = with_thing(flow=flow)
    activity = make_inputs_of(2.0)(frame, motion).activity
    assert 0 <= float(activity.min()) < 0.01
    assert float(activity.max()) == pytest.approx(float(active))


def test_what_counts_as_moving_is_said_in_pixels_whatever_the_scale() -> None:
    frame, _ = with_thing(side=7)
    _, motion = with_thing(flow=(3, 0))
    expected = make_inputs_of()(frame, motion).activity
    assert expected.any()
    for scale in (0.5, 4.0):
        seen = make_inputs_of(scale)(frame, motion)
        torch.testing.assert_close(seen.activity, expected)


@given(st.integers(0, 2**31 - 1), st.floats(0, 30))
@settings(max_examples=30)
def test_shares_stay_from_0_to_1(seed: int, speed: float) -> None:
    generator = torch.Generator().manual_seed(seed)
    frame = torch.randint(256, (2, HEIGHT, WIDTH, 3), dtype=torch.uint8, generator=generator)
    shape = 2, 3, HEIGHT // SHRUNK, WIDTH // SHRUNK
    motion = speed * torch.randn(shape, generator=generator)
    motion[:, 2] = motion[:, 2].abs()
    seen = make_inputs_of()(frame, motion)
    for share in (seen.foreground, seen.cell_features[:, 3:], seen.activity, seen.presence):
        assert 0 <= float(share.min()) <= float(share.max()) <= 1 + 1e-6
    assert torch.isfinite(seen.cell_features).all()


@pytest.mark.parametrize("flow", [(0.0, 0.0), (3.0, 0.0)])
def test_a_thing_is_present_in_its_own_place_and_not_around_it(flow: tuple[float, float]) -> None:
    frame, motion = with_thing(40, 48, flow, side=8)
    presence = make_inputs_of()(frame, motion).presence[0]
    row, column = 40 // 8 - 1, 48 // 8 - 1  # the cell whose middle it fills
    assert float(presence[row, column]) == 1
    presence[row, column] = 0
    assert float(presence.max()) == 0


def test_the_papers_recipe_sees_colours_and_dynamic_flow_as_they_are() -> None:
    frame = torch.randint(256, (2, HEIGHT, WIDTH, 3), dtype=torch.uint8)
    motion = torch.randn(2, 2, HEIGHT // 2, WIDTH // 2)
    seen = PaperInputs()(frame, motion)
    torch.testing.assert_close(seen.foreground, frame.permute(0, 3, 1, 2) / 255)
    assert seen.flow is motion
    assert seen.cell_features is seen.activity is seen.presence is None
    architectures = TrainSettings(recipe="paper").architectures
    appearance, flow = (
        Encoder(architectures[name]).mean_of(image) for name, image in seen.of_encoders.items()
    )
    assert appearance.shape == flow.shape
