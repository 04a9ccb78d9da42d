"""Things are seen, whatever they wear; light and a camera that shakes are not."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from edge_vad.scene_model import Calibration
from edge_vad_train.appearance import Appearance, difference, grey_of, relight, shrink, silhouette
from edge_vad_train.network import calibrate_map, median_cell

ROWS, COLUMNS = 60, 84
THING = (slice(24, 40), slice(40, 46))


def street(seed: int = 0) -> Tensor:
    """A mottled street, (1, 3, rows, columns)."""
    torch.manual_seed(seed)
    coarse = torch.rand(1, 3, ROWS // 12, COLUMNS // 12)
    return 0.3 + 0.3 * torch.nn.functional.interpolate(coarse, (ROWS, COLUMNS), mode="bilinear")


def frame_of(picture: Tensor) -> Tensor:
    """The frame that shrinks to a picture, uint8."""
    large = picture.repeat_interleave(2, 2).repeat_interleave(2, 3)
    return (large * 255).round().to(torch.uint8).permute(0, 2, 3, 1)


def with_thing(colour: tuple[float, float, float]) -> Tensor:
    picture = street()
    picture[:, :, THING[0], THING[1]] = torch.tensor(colour).reshape(1, 3, 1, 1)
    return picture


def test_frames_are_shrunk_by_averaging_blocks() -> None:
    frame = torch.zeros(1, 4, 4, 3, dtype=torch.uint8)
    frame[0, :2, :2, 1] = torch.tensor([[0, 255], [255, 0]])
    assert shrink(frame)[0, 1].tolist() == [[0.5, 0.0], [0.0, 0.0]]


def test_the_empty_scene_has_no_silhouettes() -> None:
    look = Appearance(street())(frame_of(street()))
    assert float(silhouette(look).max()) < 0.01


@pytest.mark.parametrize("colour", [(0.9, 0.1, 0.1), (0.1, 0.9, 0.9), (0.05, 0.05, 0.05)])
def test_a_thing_has_the_same_silhouette_in_every_colour(colour: tuple[float, ...]) -> None:
    shape = silhouette(Appearance(street())(frame_of(with_thing(colour))))[0, 0]
    assert shape.shape == (ROWS, COLUMNS)
    assert float(shape[THING].mean()) > 0.7
    shape[THING] = 0
    assert float(shape.mean()) < 0.1


@given(gain=st.floats(0.6, 1.6), seed=st.integers(0, 1000))
@settings(max_examples=40)
def test_a_change_of_the_light_changes_nothing(gain: float, seed: int) -> None:
    torch.manual_seed(seed)
    picture = 0.1 + 0.4 * torch.rand(2, 3, 8, 8)
    torch.testing.assert_close(
        relight(picture * gain, torch.tensor(0.4)), relight(picture, torch.tensor(0.4))
    )
    look = Appearance(street())(frame_of(street() * gain))
    assert float(silhouette(look).max()) < 0.05


def test_a_glance_sees_coarsely_how_much_a_thing_differs_in_any_light() -> None:
    appearance = Appearance(street())
    assert float(appearance.glance(frame_of(street() * 0.8)).max()) < 0.05
    glance = appearance.glance(frame_of(with_thing((0.05, 0.05, 0.05)) * 0.8))[0, 0]
    assert glance.shape == (ROWS // 2, COLUMNS // 2)
    thing = tuple(slice(each.start // 2, each.stop // 2) for each in THING)
    look = difference(appearance(frame_of(with_thing((0.05, 0.05, 0.05)) * 0.8)))[0, 0]
    assert float(glance[thing].mean()) == pytest.approx(float(look[THING].mean()), rel=0.2)
    glance[thing] = 0
    assert float(glance.max()) < 0.3


def test_the_shadow_of_a_cloud_is_hardly_seen_and_a_thing_in_it_is() -> None:
    across = torch.linspace(-6, 6, COLUMNS)
    shadow = 1 - 0.35 * torch.sigmoid(across)
    appearance = Appearance(street())
    alone = silhouette(appearance(frame_of(street() * shadow)))
    assert float(alone.max()) < 0.2
    believed = float(difference(street() * shadow - street()).mean())
    assert float(difference(appearance(frame_of(street() * shadow))).mean()) < 0.02 * believed
    both = silhouette(appearance(frame_of(with_thing((0.9, 0.1, 0.1)) * shadow)))
    assert float(both[0, 0][THING].mean()) > 0.7


def test_who_stands_at_the_edge_of_a_shadow_does_not_hide_where_it_is() -> None:
    band = 1 - 0.4 * torch.sigmoid((torch.arange(ROWS) - 32.0) / 3)[:, None]
    appearance = Appearance(street())
    both = silhouette(appearance(frame_of(with_thing((0.9, 0.1, 0.1)) * band)))[0, 0]
    assert float(both[THING].mean()) > 0.6
    both[THING] = 0
    assert float((both > 0.1).float().mean()) < 0.04


def test_a_camera_that_shakes_makes_less_of_a_difference_at_edges_than_a_thing() -> None:
    torch.manual_seed(0)
    background = 0.2 + 0.6 * (torch.rand(1, 3, ROWS, COLUMNS) > 0.5)
    appearance = Appearance(background)
    assert float(appearance.trust.min()) > 0
    assert float(appearance.trust.max()) <= 1 + 1e-6
    shaken = 0.5 * background + 0.5 * background.roll(1, 3)
    seen, whole = appearance(frame_of(shaken)), shaken - background
    assert float(difference(seen).mean()) < 0.25 * float(difference(whole).mean())
    assert torch.allclose(Appearance(torch.full((1, 3, 24, 24), 0.4)).trust, torch.ones(()))


def test_a_black_frame_is_still_a_number() -> None:
    look = Appearance(torch.full((1, 3, 24, 24), 0.5))(torch.zeros(1, 48, 48, 3, dtype=torch.uint8))
    torch.testing.assert_close(look, torch.full_like(look, -0.5))


@pytest.mark.parametrize("background", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("frame", [0, 255])
@pytest.mark.parametrize("weight", [0.0, 0.03, 1.0])
def test_whatever_is_black_or_white_all_is_a_number(
    background: float, frame: int, weight: float
) -> None:
    half = torch.full((1, 3, 24, 24), background)
    half[..., :12] = 0
    appearance = Appearance(half)
    filled = torch.full((1, 48, 48, 3), frame, dtype=torch.uint8)
    weights = torch.full((1, 1, 1, 1), weight)
    recent = torch.full((1, 1, 24, 24), weight * frame / 255)
    for seen in appearance.now_and_lately(filled, recent, weights):
        assert torch.isfinite(seen).all()


def test_the_light_of_the_recent_picture_does_not_change_what_is_seen_now() -> None:
    appearance, frame = Appearance(street()), frame_of(with_thing((0.9, 0.1, 0.1)) * 0.8)
    recent = grey_of(with_thing((0.1, 0.1, 0.1)) * 1.2)
    look, lately = appearance.now_and_lately(frame, 0.5 * recent, torch.full((1, 1, 1, 1), 0.5))
    torch.testing.assert_close(look, appearance(frame))
    assert float(lately[0, 0][THING].mean()) < -0.1
    lately[0, 0][THING] = 0
    assert float(lately.abs().mean()) < 0.01


def test_what_is_darker_than_any_shade_is_a_thing_however_wide() -> None:
    picture = street()
    picture[:, :, 14:46, 18:66] *= 0.3
    gain = Appearance(street()).gain(grey_of(picture))
    assert float(gain.max() / gain.min()) <= 1.6**2
    shape = silhouette(Appearance(street())(frame_of(picture)))[0, 0]
    assert float(shape[16:44, 20:64].mean()) > 0.75


@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 99))
def test_the_median_cell_is_that_of_every_ninth(rows: int, columns: int, seed: int) -> None:
    torch.manual_seed(seed)
    energy = torch.randn(2, rows, columns)
    some = energy.flatten(1)[:, ::9]
    assert median_cell(energy).shape == (2, 1, 1)
    assert torch.equal(median_cell(energy)[:, 0, 0], some.median(1).values)


def test_what_rises_everywhere_is_taken_away_and_what_rises_somewhere_is_not() -> None:
    calibration = Calibration(location=10.0, scale=5.0, weight=1.0, ground=0.0)
    calm = torch.zeros(1, 12, 15)
    strange = calm.clone()
    strange[0, 3:6, 3:6] = 40
    as_it_is = calibrate_map(strange, calibration)
    assert torch.equal(as_it_is, (strange - 10) / 5)
    rain = calibrate_map(calm + 20, calibration)
    assert float(rain.max()) < 0
    assert float(calibrate_map(strange + 20, calibration).max()) == pytest.approx(
        (60 - 40 - 10) / (5 + 40)
    )
    without = Calibration(location=10.0, scale=5.0, weight=1.0)
    assert float(calibrate_map(calm + 20, without).max()) == 2
