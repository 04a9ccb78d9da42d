"""A minute of footage is judged by what it shows."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import cycle

import cv2
import numpy as np
import pytest

from edge_vad.record.view import MinuteView, ViewCheck

Picture = np.ndarray
NOISES = np.random.default_rng(5).normal(0, 1, (16, 180, 320, 3)).astype(np.float32)

TURN = cycle(NOISES)


@pytest.fixture(autouse=True)
def _the_same_noise_whatever_ran_before() -> None:
    global TURN
    TURN = cycle(NOISES)


def scene(shift: int = 0) -> Picture:
    """Houses, so to say: detail at all sizes, 320x180."""
    dice = np.random.default_rng(1)
    image = np.full((200, 350, 3), 90, np.uint8)
    for _ in range(150):
        x, y = int(dice.integers(0, 340)), int(dice.integers(0, 190))
        size, level = int(dice.integers(4, 30)), int(dice.integers(30, 220))
        cv2.rectangle(image, (x, y), (x + size, y + size), (level,) * 3, -1)
    return image[10:190, 15 + shift : 335 + shift].copy()


def noisy(image: Picture, amount: float = 3.0) -> Picture:
    """As a sensor gives it."""
    noise = next(TURN)
    return np.clip(image + amount * noise, 0, 255).astype(np.uint8)


def walker(second: int) -> Picture:
    image = scene()
    left = 10 + 4 * second
    image[100:130, left : left + 11] = 245
    return image


def judged(pictures: Iterable[Picture], lost_s: float = 0.0) -> MinuteView:
    check = ViewCheck()
    for second, image in enumerate(pictures):
        assert check.is_due(float(second))
        check.look(image, float(second))
    return check.minute(lost_s)


def test_somebody_who_walks_by_is_seen() -> None:
    assert judged(noisy(walker(second)) for second in range(60)) is MinuteView.MOVES


def test_noise_and_changing_light_are_no_motion() -> None:
    def lit(second: int) -> Picture:
        return noisy(np.clip(scene() * (1 + second / 300), 0, 255))

    assert judged(lit(second) for second in range(60)) is MinuteView.STILL


def test_the_same_picture_over_and_over_is_frozen() -> None:
    same = noisy(scene())
    assert judged(same for _ in range(60)) is MinuteView.FROZEN


def test_a_camera_in_the_wind_moves() -> None:
    assert judged(noisy(scene(shift=2 * (second % 2))) for second in range(60)) is MinuteView.SHAKES


def test_what_moves_through_most_of_the_picture_is_no_moving_camera() -> None:
    def belt(second: int) -> Picture:
        image = scene()
        image[60:180] = np.roll(scene()[:120], 19 * second, axis=1)
        return noisy(image)

    assert judged(belt(second) for second in range(60)) is MinuteView.MOVES


@pytest.mark.parametrize("level", [0, 20])
def test_a_picture_in_which_next_to_nothing_is_light_is_too_dark(level: int) -> None:
    dark = (scene().astype(float) * level / 255).astype(np.uint8)
    assert judged(noisy(dark, 1.0) for _ in range(60)) is MinuteView.DARK


def test_a_camera_that_is_turned_is_told_after_its_first_minute() -> None:
    check = ViewCheck()
    for second in range(60):
        check.look(noisy(walker(second)), float(second))
    assert check.minute(0.0) is MinuteView.MOVES
    other = scene()[::-1, ::-1]
    for second in range(60, 120):
        check.look(noisy(other), float(second))
    assert check.minute(0.0) is MinuteView.TURNED


def test_a_camera_may_change_the_shape_of_its_picture() -> None:
    check = ViewCheck()
    for second in range(60):
        image = walker(second)
        check.look(noisy(image) if second < 10 else image[:, :240], float(second))
    assert check.minute(0.0) is MinuteView.MOVES


def test_without_pictures_it_says_so() -> None:
    assert judged([], lost_s=60.0) is MinuteView.NO_SIGNAL
    assert judged([]) is MinuteView.UNSEEN


def test_one_look_a_second_is_enough() -> None:
    check = ViewCheck()
    check.look(noisy(scene()), 10.0)
    assert not check.is_due(10.5)
    assert check.is_due(11.0)
    assert check.is_due(3.0)  # the clock was set back
