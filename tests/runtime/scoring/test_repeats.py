"""A picture that comes again raises no alarm, whether a camera hangs or is slower than its file."""

from __future__ import annotations

import numpy as np
import pytest

import edge_vad
from edge_vad.frame import Frame
from edge_vad.opencv import cv2
from edge_vad.scoring.preparation import FramePreparer
from edge_vad.scoring.repeats import RepeatDetector

FPS = 10.0


def compressed_anew(picture, quality):
    packed = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return cv2.imdecode(packed, cv2.IMREAD_COLOR)


@pytest.fixture(scope="module")
def street():
    address = "test://street?seed=5&frames=60&size=360x240&fps=10"
    with edge_vad.open_source(address) as source:
        return [frame.image.copy() for frame in source]


def hanging(street, seconds):
    """The street, which hangs after two seconds for so long and then goes on where it would be."""
    count = round(seconds * FPS)
    held = [compressed_anew(street[20], 78 + at % 3) for at in range(count)]
    return [*street[:20], *held, *street[20 + count :]], count


def repeats(pictures):
    detector = RepeatDetector()
    return [at for at, each in enumerate(pictures) if detector.is_repeat(each, 1.0)]


@pytest.mark.parametrize("seconds", [0.3, 0.5, 1.0, 2.0])
def test_a_picture_that_hangs_is_known_though_it_is_compressed_anew(street, seconds):
    pictures, count = hanging(street, seconds)
    assert repeats(pictures) == list(range(21, 20 + count))


def test_a_scene_that_comes_to_rest_does_not_hang(street):
    rng = np.random.default_rng(0)
    still = np.asarray(np.median(street, axis=0), np.uint8)
    quiet = [np.clip(still + rng.normal(0, 1, still.shape), 0, 255).astype(np.uint8)] * 40
    leaving = [still.copy() for _ in range(30)]
    for at, picture in enumerate(leaving):
        cv2.rectangle(picture, (300 + 2 * at, 120), (312 + 2 * at, 160), (30, 30, 60), -1)
    assert repeats([*leaving, *quiet]) == []


@pytest.mark.parametrize("seconds", [0.7, 1.0, 2.0])
def test_what_moved_meanwhile_is_no_motion_of_the_picture_that_ends_a_hang(make, street, seconds):
    card = make.card(240, 360)
    preparer = FramePreparer(card)
    pictures, count = hanging(street, seconds)
    prepared = [
        preparer.prepare(Frame(each, at, at / FPS), 1.0 if at else None)._replace(
            motion=np.array(0.0)
        )
        for at, each in enumerate(pictures)
    ]
    assert prepared[20 + count].unjudged == "motion not known"
    assert not any(each.unjudged for each in prepared[21 + count :])


def test_a_camera_slower_than_its_file_moves_as_fast_as_it_does(make, street):
    card, slow = make.card(240, 360), [street[at - at % 2] for at in range(len(street))]
    speeds = []
    for pictures in (street, slow):
        preparer = FramePreparer(card)
        found = [
            np.abs(preparer.prepare(Frame(each, at, at / FPS), 1.0 if at else None).motion).mean()
            for at, each in enumerate(pictures)
        ]
        speeds.append(np.mean(found[10:]))
    assert speeds[1] == pytest.approx(speeds[0], rel=0.15)


@pytest.mark.parametrize("seconds", [0.5, 1.0, 2.0])
def test_a_recording_that_hangs_raises_no_alarm(tiny_scene, make, street, tmp_path, seconds):
    card = make.card(240, 360)
    scene = tiny_scene(height=240, width=360, grid=card.grid)
    pictures, _ = hanging(street, seconds)
    highest = []
    for name, shown in (("usual", street), ("hanging", pictures)):
        clip = make.frames(tmp_path / name, shown)
        with edge_vad.load(scene) as detector, edge_vad.open_source(clip, fps=FPS) as footage:
            highest.append(max(each.score for each in detector.watch(footage)))
    assert highest[1] < 1.5 * highest[0]
