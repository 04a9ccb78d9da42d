"""What does not belong to the empty scene is foreground; light alone is not."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor

from edge_vad_train.fitting.background import fit_background
from edge_vad_train.model.background import Background, grey_of, match_brightness

ROWS, COLUMNS = 30, 42
PERSON = (slice(12, 20), slice(20, 23))


def street(seed: int = 0) -> NDArray[np.float32]:
    """A mottled street, grey, (rows, columns)."""
    coarse = np.random.default_rng(seed).random((ROWS // 6, COLUMNS // 6))
    return (0.3 + 0.3 * np.kron(coarse, np.ones((6, 6)))).astype(np.float32)


def frame_of(*pictures: NDArray[np.float32]) -> Tensor:
    """The frames that shrink to grey pictures, uint8, (N, height, width, 3)."""
    large = torch.from_numpy(np.stack(pictures)).repeat_interleave(2, 1).repeat_interleave(2, 2)
    return (large * 255).round().clamp(0, 255).to(torch.uint8)[..., None].expand(-1, -1, -1, 3)


def with_person(picture: NDArray[np.float32], grey: float) -> NDArray[np.float32]:
    filled = picture.copy()
    filled[PERSON] = grey
    return filled


def known(*pictures: NDArray[np.float32]) -> Background:
    return Background(torch.from_numpy(np.stack(pictures)[None]))


def foreground_of(background: Background, frames: Tensor) -> Tensor:
    """float32, (N, 1, rows, columns)."""
    foreground, light = background(frames)
    assert light.shape == (len(frames), background.lights)
    assert torch.equal(light.sum(1), torch.ones(len(frames)))
    return foreground


def lights_of(*groups: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.concatenate(groups)


def footage(picture: NDArray[np.float32], count: int, seed: int = 0) -> NDArray[np.float32]:
    """Pictures of a scene in which somebody is always somewhere, in changing exposure."""
    rng = np.random.default_rng(seed)
    pictures = np.repeat(picture[None], count, 0)
    for each, left in zip(pictures, rng.integers(0, COLUMNS - 4, count), strict=True):
        each[10:20, left : left + 4] = rng.random()
    gains = rng.uniform(0.9, 1.1, (count, 1, 1))
    noise = rng.normal(0, 0.005, pictures.shape)
    return (pictures * gains + noise).clip(0, 1).astype(np.float32)


def test_frames_are_shrunk_to_grey_by_averaging_blocks() -> None:
    frame = torch.zeros(1, 4, 4, 3, dtype=torch.uint8)
    frame[0, :2, :2, 1] = torch.tensor([[0, 255], [255, 0]])
    grey = grey_of(frame)
    assert grey.shape == (1, 1, 2, 2)
    torch.testing.assert_close(grey.flatten(), torch.tensor([0.587 / 2, 0, 0, 0]))


@pytest.mark.parametrize("columns", [2, 14, 32, 34, 45])
def test_white_is_grey_of_one_at_every_width(columns: int) -> None:
    grey = grey_of(torch.full((2, 6, columns, 3), 255, dtype=torch.uint8))
    torch.testing.assert_close(grey, torch.ones(2, 1, 3, columns // 2))


@given(st.floats(0.2, 4), st.integers(0, 999))
def test_pictures_come_near_one_brightness_at_any_exposure(gain: float, seed: int) -> None:
    picture = 0.1 + 0.4 * torch.rand(2, 1, 8, 8, generator=torch.Generator().manual_seed(seed))
    matched = match_brightness(picture * gain, torch.tensor(0.4))
    means = matched.mean((2, 3))
    assert float((0.4 / means - 1).abs().max()) < 0.2
    torch.testing.assert_close(
        matched / means[:, :, None, None], picture / picture.mean((2, 3), True)
    )


def test_a_brightness_that_people_may_have_changed_is_left() -> None:
    picture = torch.full((1, 1, 4, 4), 0.4)
    torch.testing.assert_close(match_brightness(picture * 1.05, torch.tensor(0.4)), picture * 1.05)


@pytest.mark.parametrize("grey", [0.05, 0.95])
def test_a_person_in_front_is_foreground_and_the_rest_is_not(grey: float) -> None:
    [[shape]] = foreground_of(known(street()), frame_of(with_person(street(), grey)))
    assert shape.shape == (ROWS, COLUMNS)
    assert float(shape[PERSON].mean()) > 0.95
    shape[PERSON] = 0
    assert float(shape.max()) < 0.05


@given(st.floats(0.5, 1.6), st.integers(0, 999))
@settings(max_examples=30)
def test_exposure_alone_is_no_foreground(gain: float, seed: int) -> None:
    assert float(foreground_of(known(street(seed)), frame_of(street(seed) * gain)).max()) < 0.05


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("step", [-1, 1])
def test_a_scene_that_sways_by_a_pixel_is_no_foreground(axis: int, step: int) -> None:
    scene = np.pad(street(), 1, "edge")
    swayed = np.roll(scene, step, axis)[1:-1, 1:-1]
    assert float(np.abs(swayed - street()).max()) > 0.1
    assert float(foreground_of(known(street()), frame_of(swayed)).max()) == 0


@pytest.mark.parametrize("lights", [1, 2])
@pytest.mark.parametrize("grey", [0.0, 1.0])
def test_black_and_white_frames_give_shares(lights: int, grey: float) -> None:
    pictures = [street(), np.zeros_like(street())][:lights]
    foreground = foreground_of(known(*pictures), frame_of(np.full_like(street(), grey)))
    assert torch.isfinite(foreground).all()
    assert 0 <= float(foreground.min()) <= float(foreground.max()) <= 1


def test_every_frame_is_compared_with_the_picture_of_its_own_light() -> None:
    day, night = street(0), 1 - street(0)
    background = known(day, night)
    shown = foreground_of(background, frame_of(day, night, with_person(night, 0.05)))
    assert float(shown[:2].max()) < 0.05
    assert float(shown[2, 0][PERSON].mean()) > 0.95
    assert float(foreground_of(known(day), frame_of(night)).mean()) > 0.2


def test_the_empty_scene_is_found_though_somebody_is_always_there() -> None:
    background = fit_background(footage(street(), 60))
    assert background.lights == 1
    assert float((background.pictures[0, 0] - torch.from_numpy(street())).abs().max()) < 0.06


def test_two_kinds_of_light_are_told_apart() -> None:
    day, infrared = street(0), 1 - street(0)
    background = fit_background(lights_of(footage(day, 60), footage(infrared, 40, 1)))
    assert background.lights == 2
    foreground = foreground_of(background, frame_of(day, infrared))
    assert float(foreground.mean()) < 0.02


def test_three_kinds_of_light_are_told_apart() -> None:
    kinds = street(0), 1 - street(0), 0.4 * street(0)[::-1]
    greys = lights_of(*(footage(each, 40, seed) for seed, each in enumerate(kinds)))
    background = fit_background(greys)
    assert background.lights == 3
    assert float(foreground_of(background, frame_of(*kinds)).mean()) < 0.03


def test_a_light_that_few_pictures_have_is_none_of_its_own() -> None:
    greys = lights_of(footage(street(), 60), footage(1 - street(), 10))
    assert fit_background(greys).lights == 1


@pytest.mark.parametrize("count", [1, 2, 5, 19])
def test_of_few_pictures_there_is_one_kind_of_light(count: int) -> None:
    background = fit_background(footage(street(), count))
    assert background.lights == 1
    assert torch.isfinite(background.pictures).all()


def test_pictures_that_are_all_alike_give_one_background() -> None:
    assert fit_background(np.repeat(street()[None], 50, 0)).lights == 1
    assert fit_background(np.zeros((50, ROWS, COLUMNS), np.float32)).lights == 1
