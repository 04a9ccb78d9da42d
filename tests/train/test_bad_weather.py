"""Footage in bad weather: what each kind does to the picture, and what it leaves as it was."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge_vad.motion import MotionSettings
from edge_vad_train.bad_weather import (
    KINDS,
    Clouds,
    Disturbance,
    Grain,
    Rain,
    Shaking,
    Wind,
    in_bad_weather,
)
from edge_vad_train.footage import STRETCH, Stretch

HEIGHT, WIDTH = 120, 180
MOTION = MotionSettings()


def picture() -> np.ndarray:
    """Smooth hills, on which a shift of a pixel shows."""
    rows, columns = np.indices((HEIGHT, WIDTH))
    grey = 120 + 50 * np.sin(columns / 5) * np.cos(rows / 4)
    return np.repeat(grey[..., None], 3, 2).astype(np.uint8)


def changes(kind: type[Disturbance], seed: int = 3, moments: int = 30) -> np.ndarray:
    """By how much every pixel of every frame is brighter, (moments, height, width)."""
    weather = kind(HEIGHT, WIDTH, np.random.default_rng(seed))
    still = picture()
    shown = [weather.fall_on(still, index / 10)[..., 0] for index in range(moments)]
    return np.stack(shown).astype(np.int16) - still[..., 0]


def stretches(count: int, frames: int) -> list[Stretch]:
    rng = np.random.default_rng(1)
    images = rng.integers(0, 255, (frames, HEIGHT, WIDTH, 3), dtype=np.uint8)
    motion = np.zeros((frames, MOTION.channels, HEIGHT // 2, WIDTH // 2), np.float16)
    return [Stretch(f"clip {number}", images, motion) for number in range(count)]


@pytest.mark.parametrize("kind", KINDS)
def test_weather_changes_the_picture_and_not_its_kind(kind: type[Disturbance]) -> None:
    weather, still = kind(HEIGHT, WIDTH, np.random.default_rng(3)), picture()
    kept = still.copy()
    shown = weather.fall_on(still, 0.7)
    assert (shown.shape, shown.dtype) == (still.shape, still.dtype)
    np.testing.assert_array_equal(still, kept)
    assert (shown != still).any()


@pytest.mark.parametrize("kind", [Wind, Clouds])
def test_what_lasts_looks_nearly_the_same_a_frame_later(kind: type[Disturbance]) -> None:
    seen = changes(kind)
    assert np.abs(np.diff(seen, axis=0)).mean() < 0.7 * np.abs(seen).mean()


def test_clouds_never_jump_however_long_they_drift() -> None:
    steps = np.abs(np.diff(changes(Clouds, moments=600), axis=0)).mean((1, 2))
    assert steps.max() < 4 * np.median(steps)


@pytest.mark.parametrize("kind", [Grain, Rain])
def test_what_is_gone_in_a_frame_is_elsewhere_in_the_next(kind: type[Disturbance]) -> None:
    seen = changes(kind).reshape(30, -1).astype(np.float64)
    assert np.corrcoef(seen)[0, 1] < 0.3


@pytest.mark.parametrize("seed", [3, 4, 5])
def test_gusts_leave_places_still_for_a_while_and_few_for_long(seed: int) -> None:
    swayed = np.abs(changes(Wind, seed, moments=200)) > 3
    assert 0.15 < swayed.mean() < 0.3
    assert swayed.any(0).mean() > 0.88


def test_clouds_only_take_light_and_never_half_of_it() -> None:
    darker = changes(Clouds)
    assert darker.max() <= 0
    assert (darker >= -0.5 * picture()[..., 0] - 1).all()


def test_a_mount_shakes_by_no_more_than_a_pixel_of_240_rows() -> None:
    steepest = max(
        np.abs(np.diff(picture()[..., 0].astype(int), axis=axis)).max() for axis in (0, 1)
    )
    half_a_pixel_each_way = 0.5 * steepest * 2
    assert 1 < np.abs(changes(Shaking)[:, 2:-2, 2:-2]).max() <= half_a_pixel_each_way + 2


def test_rain_only_adds_light_and_not_to_most_of_the_picture() -> None:
    brighter = changes(Rain)
    assert brighter.min() >= 0
    assert 0 < (brighter > 8).mean() < 0.3


def test_every_kind_is_made_twice_and_24_short_winds_more_for_places_alone(tmp_path: Path) -> None:
    footage = stretches(7, 120)
    copies = in_bad_weather(footage, tmp_path, 10.0, MOTION, seed=0)
    learnt = [copy for copy in copies if copy.is_learnt]
    winds = [copy for copy in copies if not copy.is_learnt]
    assert [copy.of for copy in learnt] == [0, 0, 1, 2, 2, 3, 4, 4, 5, 6]
    assert np.bincount([copy.of for copy in winds]).tolist() == [4, 4, 4, 4, 4, 3, 1]
    assert all("wind" in copy.stretch.clip for copy in winds)
    assert len({copy.stretch.clip.split()[-1].split("-")[0] for copy in copies}) == len(KINDS)
    for copy in copies:
        assert len(copy.stretch) == round((7 if copy.is_learnt else 7 / 4) * 120 / 60)
        assert copy.stretch.motion.shape[1:] == footage[0].motion.shape[1:]
        assert np.isfinite(copy.stretch.motion).all()
        assert (copy.stretch.frames != footage[copy.of].frames[: len(copy.stretch)]).any()


def test_long_footage_is_disturbed_for_no_longer_than_a_stretch(tmp_path: Path) -> None:
    footage = [*stretches(1, 60)] * 300
    copies = in_bad_weather(footage, tmp_path, 10.0, MOTION, seed=0)
    assert {len(copy.stretch) for copy in copies} == {50, 60}
    assert max(len(copy.stretch) for copy in copies) <= STRETCH


def test_the_same_seed_gives_the_same_weather(tmp_path: Path) -> None:
    once = in_bad_weather(stretches(2, 30), tmp_path / "once", 10.0, MOTION, seed=4)
    again = in_bad_weather(stretches(2, 30), tmp_path / "again", 10.0, MOTION, seed=4)
    other = in_bad_weather(stretches(2, 30), tmp_path / "other", 10.0, MOTION, seed=5)
    for first, second, third in zip(once, again, other, strict=True):
        np.testing.assert_array_equal(first.stretch.frames, second.stretch.frames)
        np.testing.assert_array_equal(first.stretch.motion, second.stretch.motion)
        assert (first.stretch.frames != third.stretch.frames).any()
