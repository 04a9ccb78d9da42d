from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edge_vad.detection import Box, Detection
from edge_vad.frame import Frame
from edge_vad.outputs.overlay import LEAST_WIDTH, Overlay


def detection(anomaly_map, *, box=None, score=0.0, width=320, height=240, grey=128):
    image = np.full((height, width, 3), grey, np.uint8)
    return Detection(Frame(image, 7, 0.7), score, 2.0, np.asarray(anomaly_map, np.float32), box)


def redness(picture):
    colours = picture.astype(int)
    return colours[..., 2] - colours[..., :2].max(axis=-1)


@pytest.fixture
def card(make):
    return make.card(240, 320)


@pytest.fixture
def calm(card):
    return np.zeros((card.grid.rows, card.grid.columns), np.float32)


def test_small_frames_are_enlarged_by_a_whole_factor(card):
    overlay = Overlay(card, 320, 240)
    assert overlay.width == 640
    assert overlay.height > 480


@pytest.mark.parametrize("size", [(16, 16), (238, 158), (360, 241), (640, 480), (1921, 1081)])
def test_every_size_gives_a_wide_picture_of_even_height(make, size):
    width, height = size
    overlay = Overlay(make.card(240, 320), width, height)
    assert overlay.width >= LEAST_WIDTH
    assert overlay.width % width == 0
    assert overlay.height % 2 == 0
    flat = np.zeros((29, 39))
    drawn = overlay.draw(detection(flat, width=width, height=height))
    assert drawn.shape == (overlay.height, overlay.width, 3)


def test_a_normal_picture_is_left_as_it_is(card, calm):
    drawn = Overlay(card, 320, 240).draw(detection(calm + 0.8))
    assert (drawn[:480] == 128).all()


@pytest.mark.parametrize("cell", [(0, 0), (14, 20), (28, 38), (28, 0)])
def test_the_glow_is_reddest_at_the_centre_of_its_cell_and_nowhere_else(card, calm, cell):
    calm[cell] = 5.0
    drawn = Overlay(card, 320, 240).draw(detection(calm))[:480]
    red = redness(drawn)
    row, column = (2 * (8 * place + 8) for place in cell)
    near = red[max(0, row - 20) : row + 20, max(0, column - 20) : column + 20]
    assert red[row, column] >= red.max() - 2 > 60
    assert (red > 0).sum() == (near > 0).sum()


def test_the_glow_grows_with_the_anomaly(card, calm):
    overlay = Overlay(card, 320, 240)
    red = [
        redness(overlay.draw(detection(calm + level))[:480]).mean()
        for level in (0.8, 1.2, 1.6, 2.0, 2.6, 3.2)
    ]
    assert red[0] == 0
    assert red == sorted(red)
    assert len(set(red)) == len(red)


def test_the_box_is_drawn_only_when_there_is_one(card, calm):
    overlay = Overlay(card, 320, 240)
    without = overlay.draw(detection(calm)).copy()
    with_box = overlay.draw(detection(calm, box=Box(40, 60, 50, 30)))[:480]
    changed = np.argwhere((with_box != without[:480]).any(axis=-1))
    (top, left), (bottom, right) = changed.min(axis=0), changed.max(axis=0)
    assert abs(top - 120) <= 4
    assert abs(left - 80) <= 4
    assert abs(bottom - 180) <= 4
    assert abs(right - 180) <= 4


def test_a_box_as_large_as_the_frame_stays_in_sight(card, calm):
    drawn = Overlay(card, 320, 240).draw(detection(calm, box=Box(0, 0, 320, 240)))
    assert drawn[479, 320].mean() > 200


def test_the_strip_turns_red_when_the_frame_is_anomalous(card, calm):
    overlay = Overlay(card, 320, 240)
    normal = redness(overlay.draw(detection(calm, score=1.0))[480:]).max()
    anomalous = redness(overlay.draw(detection(calm, score=2.0))[480:]).max()
    assert normal < 60 < anomalous


def test_the_bar_grows_with_the_score_up_to_its_end(card, calm):
    overlay = Overlay(card, 320, 240)

    def length(score):
        strip = overlay.draw(detection(calm, score=score))[480:]
        return (redness(strip)[len(strip) // 2] > 60).sum()

    lengths = [length(score) for score in (2.0, 2.5, 3.0, 100.0, float("inf"))]
    assert lengths == sorted(lengths)
    assert lengths[0] < lengths[2]
    assert lengths[-1] == lengths[-2]


def test_the_sources_frame_is_not_drawn_into(card, calm):
    found = detection(calm + 5, box=Box(0, 0, 30, 30), score=5.0)
    Overlay(card, 320, 240).draw(found)
    assert (found.frame.image == 128).all()


def test_the_picture_is_used_again(card, calm):
    overlay = Overlay(card, 320, 240)
    first = overlay.draw(detection(calm + 5, box=Box(0, 0, 30, 30), score=5.0))
    assert overlay.draw(detection(calm, grey=10)) is first
    assert (first[:480] == 10).all()


@pytest.mark.parametrize("threshold", [0.0, -3.0])
def test_a_threshold_of_zero_or_less_draws_too(card, calm, threshold):
    image = np.zeros((240, 320, 3), np.uint8)
    drawn = Overlay(card, 320, 240).draw(
        Detection(Frame(image, 0, 0.0), 1.0, threshold, calm, None)
    )
    assert drawn.any()


def test_a_frame_that_was_not_judged_is_not_called_normal(card, calm):
    seen = detection(calm)
    unjudged = replace(seen, unjudged="moved")
    drawn = [Overlay(card, 320, 240).draw(each).copy() for each in (seen, unjudged)]
    assert (drawn[0][480:] != drawn[1][480:]).any()
