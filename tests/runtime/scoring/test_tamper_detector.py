"""A recording that does not show the scene is not judged, and that is told."""

from __future__ import annotations

import json

import numpy as np
import pytest

import edge_vad
from edge_vad.camera_state import CameraState
from edge_vad.errors import BadModel
from edge_vad.opencv import cv2
from edge_vad.preprocessing.background_picture import (
    decode_background,
    encode_background,
    small_grey,
)
from edge_vad.scoring import tamper_detector
from edge_vad.scoring.tamper_detector import TamperDetector

SIZE = (192, 256)


@pytest.fixture(scope="module")
def still():
    """A street without people, with coarse and fine edges."""
    address = f"test://street?seed=1&frames=60&size={SIZE[1]}x{SIZE[0]}"
    with edge_vad.open_source(address) as street:
        frames = [frame.image.copy() for frame in street]
    return np.median(frames[::3], axis=0).astype(np.uint8)


@pytest.fixture
def scene(tiny_scene, make, still):
    card = make.card(*SIZE)
    return tiny_scene(
        height=card.height, width=card.width, grid=card.grid, empty=(encode_background(still),)
    )


def pictures(still, count=40):
    found = []
    for at in range(count):
        picture = still.copy()
        picture[:4, :4] = 37 * at % 256
        found.append(picture)
    return found


CHANGES = {
    "dark": lambda image: (image.astype(int) * 0.02).astype(np.uint8),
    "black": np.zeros_like,
    "crushed": lambda image: np.clip(image.astype(int) - 135, 0, 255).astype(np.uint8),
    "blinded": lambda image: np.clip(image.astype(int) + 200, 0, 255).astype(np.uint8),
    "mirrored": lambda image: np.ascontiguousarray(image[:, ::-1]),
    "upside down": lambda image: np.ascontiguousarray(image[::-1]),
    "zoomed": lambda image: cv2.resize(image[48:144, 64:192], SIZE[::-1]),
    "grey": lambda image: np.full_like(image, 128),
}


def bars(image):
    """What recorders show without a signal: bars."""
    card = np.zeros_like(image)
    for number, colour in enumerate(range(1, 8)):
        left, right = (image.shape[1] * each // 7 for each in (number, number + 1))
        card[:, left:right] = [255 * (colour >> bit & 1) for bit in range(3)]
    return card


def half_frosted(image):
    frosted, half = image.copy(), image.shape[1] // 2
    frosted[:, :half] = (cv2.GaussianBlur(image, (0, 0), 10.0) * 0.6 + 90)[:, :half]
    return frosted


BLURS = {
    "blurred": lambda image: cv2.GaussianBlur(image, (0, 0), 12.0),
    "fogged": lambda image: (cv2.GaussianBlur(image, (0, 0), 6.0) * 0.45 + 110).astype(np.uint8),
    "half frosted": half_frosted,
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_recording_that_does_not_show_the_scene_is_not_judged(
    edge_vad, scene, still, make, tmp_path, change
):
    other = [CHANGES[change](picture) for picture in pictures(still)]
    clip = make.frames(tmp_path / "clip", other)
    out = tmp_path / "out"
    answer = edge_vad("run", scene, clip, "--out", out, "--no-video")
    assert answer.code == 0
    assert "40 of 40 frames were not judged: " in answer.out
    lines = [json.loads(line) for line in (out / "scores.jsonl").read_text().splitlines()]
    assert {line["score"] for line in lines} == {None}
    summary = json.loads(edge_vad("run", scene, clip, "--out", out, "--no-video", "--json").out)
    assert sum(summary["unjudged"].values()) == 40
    scored = edge_vad("score", scene, clip, "--out", tmp_path / "scores")
    assert "40 of 40 frames were not judged" in scored.out
    assert "for 3 frames" not in scored.out  # nothing is said of how rare that is


@pytest.mark.parametrize("light", [0.5, 1.0, 1.4])
def test_the_scene_in_another_light_is_judged(edge_vad, scene, still, make, tmp_path, light):
    lit = [np.clip(picture * light, 0, 255).astype(np.uint8) for picture in pictures(still)]
    clip = make.frames(tmp_path / "clip", lit)
    answer = edge_vad("run", scene, clip, "--out", tmp_path / "out", "--no-video", "--json")
    assert json.loads(answer.out)["unjudged"] == {"motion not known": 1}


@pytest.mark.parametrize("change", [*CHANGES, *BLURS, "test card"])
def test_a_camera_that_is_blinded_for_a_while_is_not_judged_meanwhile_and_raises_no_alarm(
    scene, still, make, tmp_path, change
):
    usual = pictures(still, 30)
    blinded = map((CHANGES | BLURS | {"test card": bars})[change], usual[:20])
    clip = make.frames(tmp_path / "clip", [*usual[:15], *blinded, *usual[15:]])
    with edge_vad.load(scene) as detector, edge_vad.open_source(clip, fps=10.0) as footage:
        found = list(detector.watch(footage))
    unjudged = {each.frame.index: each.unjudged for each in found if not each.judged}
    # The first one that is seen again follows none.
    assert [*unjudged] == [0, *range(15, 36)]
    assert {unjudged[number] for number in range(15, 35)} <= {"covered", "moved"}
    assert unjudged[35] == "motion not known"
    assert not any(each.anomalous for each in found)


def test_a_camera_that_is_blinded_for_long_is_judged_again_soon_after_it_is_seen(
    edge_vad, scene, still, make, tmp_path
):
    usual = pictures(still, 120)
    turned = map(CHANGES["mirrored"], usual)
    clip = make.frames(tmp_path / "clip", [*usual[:20], *turned, *usual[:25]])
    out = tmp_path / "out"
    edge_vad("score", scene, clip, "--out", out)
    lines = [json.loads(line) for line in (out / "clip/scores.jsonl").read_text().splitlines()]
    unjudged = [line["index"] for line in lines if line["score"] is None]
    assert unjudged == [0, *range(20, unjudged[-1] + 1)]
    assert 140 <= unjudged[-1] < 160


def test_a_live_run_is_compared_from_its_first_second(still):
    match = TamperDetector(10.0, (encode_background(still),))
    assert match.update(CHANGES["mirrored"](still), 0.0) is CameraState.MOVED
    match = TamperDetector(
        10.0, (encode_background(CHANGES["mirrored"](still)), encode_background(still))
    )
    assert match.update(still, 0.0) is CameraState.LIVE


def test_only_an_empty_picture_of_ours_is_unpacked(still):
    np.testing.assert_allclose(
        decode_background(encode_background(still)), small_grey(still), atol=0.51
    )
    bomb = bytes(cv2.imencode(".png", np.zeros((9000, 160), np.uint8))[1])
    for content in (b"", b"\x89PNG", bytes(200), bomb):
        with pytest.raises(BadModel):
            decode_background(content)


def test_a_scene_that_changes_slowly_stays_the_scene(still, monkeypatch):
    monkeypatch.setattr(tamper_detector, "_FOLLOW_S", 30.0)
    detector = TamperDetector(10, [encode_background(still)])
    other = CHANGES["mirrored"](still)
    states = set()
    for second in range(500):
        share = min(1.0, second / 450)
        shown = cv2.addWeighted(still, 1 - share, other, share, 0)
        states.add(detector.update(shown, float(second)))
    assert states == {CameraState.LIVE}
