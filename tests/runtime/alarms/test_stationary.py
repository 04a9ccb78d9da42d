"""What stands still and does not belong to the scene is found, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from edge_vad.alarms.moments import COUNT, TopMoments
from edge_vad.alarms.stationary import StationaryForeground
from edge_vad.detection import Detection
from edge_vad.frame import Frame
from edge_vad.preprocessing.background_picture import encode_background

FPS = 4.0
HEIGHT, WIDTH = 240, 320
BAG = (slice(150, 180), slice(200, 236))


def pavement():
    """Slabs of several greys, (HEIGHT, WIDTH, 3)."""
    slabs = np.random.default_rng(0).integers(90, 150, (HEIGHT // 20, WIDTH // 20), np.uint8)
    return np.repeat(np.kron(slabs, np.ones((20, 20), np.uint8))[..., None], 3, 2)


def with_bag(picture, place=BAG):
    shown = picture.copy()
    shown[place] = 20
    return shown


def with_walker(picture, second):
    shown = picture.copy()
    left = int(second * 60) % (WIDTH - 30)
    shown[60:200, left : left + 30] = 220
    return shown


def card(make, **more):
    return make.card(HEIGHT, WIDTH, empty=(encode_background(pavement()),), **more)


def detections(pictures):
    for index, picture in enumerate(pictures):
        frame = Frame(picture, index, index / FPS)
        yield Detection(frame, 0.5, 2.0, np.zeros((29, 39), np.float32), None)


def longest(make, pictures, ignore=(), **more):
    found = StationaryForeground(card(make, **more), ignore)
    for detection in detections(pictures):
        found.update(detection)
    return found.longest


def seconds(count):
    return [each / FPS for each in range(int(count * FPS))]


def test_a_bag_that_was_left_is_found_in_its_place(make):
    found = longest(make, [pavement()] * 8 + [with_bag(pavement())] * 80)
    assert 9 < found.frame.time_s < 12
    assert found.seconds == pytest.approx(20, abs=1)
    x, y, width, height = found.box
    assert abs(x - 200) <= 4
    assert abs(y - 150) <= 4
    assert abs(width - 36) <= 8
    assert abs(height - 30) <= 8


def test_who_passes_before_it_does_not_hide_it(make):
    pictures = [with_walker(with_bag(pavement()), each) for each in seconds(30)]
    found = longest(make, pictures)
    assert abs(found.box.x - 200) <= 4
    assert found.box.width < 60


@pytest.mark.parametrize(
    "pictures",
    [
        [pavement()] * 120,
        [with_walker(pavement(), each) for each in seconds(60)],
        [with_bag(pavement())] * 28,
        [(pavement() * gain).astype(np.uint8) for gain in np.linspace(1, 0.6, 120)],
        [np.roll(pavement(), round(np.sin(each)), 1) for each in seconds(60)],
        [np.full((HEIGHT, WIDTH, 3), 255, np.uint8)] * 120,
    ],
    ids=["nothing", "walker", "for seven seconds", "dusk", "shaking mast", "another scene"],
)
def test_what_moves_or_is_the_light_does_not_stand(make, pictures):
    assert longest(make, pictures) is None


def test_of_two_things_the_one_that_stands_longer_is_told(make):
    beside = (slice(30, 60), slice(40, 80))
    both = with_bag(with_bag(pavement()), beside)
    found = longest(make, [with_bag(pavement())] * 60 + [both] * 60)
    assert abs(found.box.x - 200) <= 4
    found = longest(make, [with_bag(pavement())] * 40 + [with_bag(pavement(), beside)] * 80)
    assert abs(found.box.x - 40) <= 4


def test_what_stands_in_an_ignored_region_is_not_told(make):
    corners = ((190.0, 140.0), (250.0, 140.0), (250.0, 190.0), (190.0, 190.0))
    shares = tuple((x / WIDTH, y / HEIGHT) for x, y in corners)
    pictures = [with_bag(pavement())] * 80
    assert longest(make, pictures) is not None
    assert longest(make, pictures, ignore=(corners,)) is None
    assert longest(make, pictures, ignored=(shares,)) is None
    everywhere = ((0.0, 0.0), (WIDTH, 0.0), (WIDTH, HEIGHT), (0.0, HEIGHT))
    assert longest(make, pictures, ignore=(everywhere,)) is None


def test_time_in_a_hole_of_a_recording_is_not_counted(make):
    found = StationaryForeground(card(make))
    for detection in detections([with_bag(pavement())] * 4):
        found.update(detection)
    late = Frame(with_bag(pavement()), 4, 3600.0)
    found.update(Detection(late, 0.5, 2.0, np.zeros((29, 39), np.float32), None))
    assert found.longest is None


def test_frames_of_another_shape_and_scenes_without_a_background_find_nothing(make):
    assert longest(make, [np.zeros((100, 320, 3), np.uint8)] * 80) is None
    found = StationaryForeground(make.card(HEIGHT, WIDTH))
    for detection in detections([with_bag(pavement())] * 80):
        found.update(detection)
    assert found.longest is None


def test_the_last_of_the_strangest_moments_is_what_stood_the_longest(make):
    strangest = TopMoments(card(make), 2.0)
    for detection in detections([pavement()] * 40 + [with_bag(pavement())] * 80):
        strangest.update(detection)
    moments = strangest.finish()
    assert len(moments) <= COUNT
    assert [moment.stands_s is not None for moment in moments][-1]
    assert abs(moments[-1].box.x - 200) <= 4
    assert np.array_equal(moments[-1].image, with_bag(pavement()))
