"""Frozen, covered and moved cameras, told from dusk, crowds and sensor noise."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge_vad.camera_state import CameraState
from edge_vad.live.freeze_detector import FreezeDetector
from edge_vad.preprocessing.background_picture import encode_background
from edge_vad.scoring.tamper_detector import TamperDetector
from edge_vad.sources import open_source

Image = NDArray[np.uint8]
FPS = 4.0


def street(seed: int = 1, scene: int = 1, frames: int = 240, **more: object) -> list[Image]:
    """A minute of the street, four pictures a second, of 192x128."""
    said = "".join(f"&{key}={value}" for key, value in more.items())
    url = f"test://street?seed={seed}&scene={scene}&size=192x128&fps={FPS:g}&frames={frames}{said}"
    return [frame.image for frame in open_source(url)]


@pytest.fixture(scope="module")
def ordinary() -> list[Image]:
    return street()


def states(pictures: Iterable[Image], after_s: float = 10.0) -> list[CameraState]:
    """The states that are told of the camera, picture by picture."""
    match, told = TamperDetector(after_s), []
    for index, picture in enumerate(pictures):
        match.update(picture, index / FPS)
        told.append(match.state)
    return told


def test_the_scene_itself_is_live(ordinary: list[Image]) -> None:
    assert set(states(ordinary + ordinary)) == {CameraState.LIVE}


@pytest.mark.parametrize("gain", [0.3, 0.6, 1.6])
def test_dusk_and_dawn_are_no_other_scene(ordinary: list[Image], gain: float) -> None:
    changed = [cv2.convertScaleAbs(picture, alpha=gain) for picture in ordinary]
    assert set(states(ordinary + changed)) == {CameraState.LIVE}


def test_a_lamp_that_is_switched_off_is_no_other_scene(ordinary: list[Image]) -> None:
    assert set(states(ordinary + street(time_of_day="dusk"))) == {CameraState.LIVE}


@pytest.mark.parametrize("nuisance", ["cloud_shadows", "rain", "camera_shake", "auto_exposure"])
def test_weather_is_no_other_scene(ordinary: list[Image], nuisance: str) -> None:
    assert set(states(ordinary + street(nuisance=nuisance))) == {CameraState.LIVE}


@pytest.mark.parametrize(
    "nuisance", ["cloud_shadows", "rain", "camera_shake", "auto_exposure", "compression", "leaves"]
)
def test_no_picture_of_bad_weather_or_of_a_poor_camera_is_taken_for_blind(
    ordinary: list[Image], nuisance: str
) -> None:
    match = TamperDetector(10.0, (encode_background(np.median(ordinary, 0).astype(np.uint8)),))
    seen = [match.update(each, at / FPS) for at, each in enumerate(street(nuisance=nuisance))]
    assert set(seen) == {CameraState.LIVE}


def test_a_lens_that_fogs_up_slowly_is_told(ordinary: list[Image]) -> None:
    match = TamperDetector(10.0, (encode_background(np.median(ordinary, 0).astype(np.uint8)),))
    seen = []
    for at in range(480):
        blurred = cv2.GaussianBlur(ordinary[at % 240], (0, 0), 0.1 + at / 40)
        match.update(blurred, at / FPS)
        seen.append(match.state)
    assert seen[-1] is CameraState.COVERED
    assert CameraState.MOVED not in seen


def test_a_crowd_is_no_other_scene(ordinary: list[Image]) -> None:
    rng = np.random.default_rng(0)
    crowd = []
    for picture in ordinary:
        crowded = picture.copy()
        for x, y in rng.integers((0, 40), (180, 110), (25, 2)):
            cv2.rectangle(crowded, (int(x), int(y)), (int(x) + 8, int(y) + 22), (40, 40, 60), -1)
        crowd.append(crowded)
    assert set(states(ordinary + crowd)) == {CameraState.LIVE}


def test_a_van_that_parks_before_the_camera_is_no_other_scene(ordinary: list[Image]) -> None:
    parked = [picture.copy() for picture in ordinary]
    for picture in parked:
        cv2.rectangle(picture, (60, 40), (140, 110), (200, 200, 210), -1)
    assert set(states(ordinary + parked)) == {CameraState.LIVE}


@pytest.mark.parametrize(
    ("cover", "expected"),
    [
        (lambda picture: np.full_like(picture, 12), CameraState.COVERED),
        (lambda picture: cv2.GaussianBlur(picture, (0, 0), 20.0), CameraState.COVERED),
        (lambda picture: picture[:, ::-1].copy(), CameraState.MOVED),
        (lambda picture: np.roll(picture, (25, 60), (0, 1)), CameraState.MOVED),
    ],
    ids=["hand", "spray", "turned round", "pushed"],
)
def test_a_camera_that_no_longer_sees_its_scene_says_why_and_recovers(
    ordinary: list[Image], cover: Callable[[Image], Image], expected: CameraState
) -> None:
    seen = states([*ordinary, *(cover(picture) for picture in ordinary), *ordinary])
    begin, end = len(ordinary), 2 * len(ordinary)
    assert set(seen[:begin]) == {CameraState.LIVE}
    assert seen[end - 1] is expected
    told = next(place for place, state in enumerate(seen) if state is not CameraState.LIVE)
    assert 10 <= (told - begin) / FPS <= 30
    assert seen[-1] is CameraState.LIVE


def test_a_camera_turned_to_another_street_has_moved(ordinary: list[Image]) -> None:
    assert states(ordinary + street(scene=2))[-1] is CameraState.MOVED


def test_a_scene_without_edges_is_never_told_from_another() -> None:
    wall = [np.full((128, 192, 3), 120, np.uint8)] * 300
    assert set(states(wall + street())) == {CameraState.LIVE}


def test_it_can_be_turned_off(ordinary: list[Image]) -> None:
    black = [np.zeros_like(ordinary[0])] * 240
    assert set(states(ordinary + black, after_s=0.0)) == {CameraState.LIVE}


def frozen(pictures: Iterable[Image], after_s: float = 5.0) -> list[bool]:
    freeze_detector = FreezeDetector(after_s)
    return [
        freeze_detector.is_frozen(picture, index / FPS) for index, picture in enumerate(pictures)
    ]


def test_a_living_picture_is_not_frozen_though_nothing_moves() -> None:
    rng = np.random.default_rng(0)
    still = street(frames=1)[0].astype(np.float32)
    noisy = [
        np.clip(still + rng.normal(0, 1.5, still.shape), 0, 255).astype(np.uint8)
        for _ in range(120)
    ]
    assert not any(frozen(noisy))


def test_the_same_picture_for_some_seconds_is_frozen_until_it_changes(
    ordinary: list[Image],
) -> None:
    seen = frozen([*ordinary[:40], *[ordinary[40]] * 40, *ordinary[41:80]])
    assert not any(seen[:60])
    assert all(seen[62:80])
    assert not any(seen[80:])


def test_a_frozen_picture_that_is_compressed_anew_is_frozen(ordinary: list[Image]) -> None:
    qualities = [85 + index % 3 for index in range(60)]
    again = []
    for quality in qualities:
        packed = cv2.imencode(".jpg", ordinary[0], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        again.append(cv2.imdecode(packed, cv2.IMREAD_COLOR))
    smooth = [cv2.GaussianBlur(picture, (0, 0), 2.0) for picture in again]
    assert frozen(smooth)[-1]


def test_freezing_can_be_turned_off(ordinary: list[Image]) -> None:
    assert not any(frozen([ordinary[0]] * 200, after_s=0.0))
