"""tools/motion_parity.py: what it shows to both scenes, what it counts, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest
from judging.motion_parity import Parity, slow, troubled
from motion_parity import _refusals

from edge_vad.frame import Frame
from edge_vad.motion.pace import Paced


def paced(count=90):
    picture = np.zeros((1, 1, 3), np.uint8)
    return [Paced(Frame(picture, at, at / 10), 1.0 if at else None) for at in range(count)]


def parity(expected, given, errors=0.0):
    found = Parity("clip")
    for scores in zip(expected, given, strict=True):
        found.add(*scores)
    found.flow_errors.append(np.full((2, 4, 4), errors, np.float32))
    return found


def test_trouble_is_resets_repeated_pictures_and_gaps():
    shown = [*troubled(paced())]
    places = [each.frame.index for each in shown]
    assert [each.frame.index for each in shown if each.steps is None] == [0, 15, 36, 60, 81]
    assert places.count(5) == places.count(50) == 2
    assert not set(places).intersection(range(30, 36))


def test_a_slow_camera_shows_every_second_frame():
    shown = [*slow(paced(6))]
    assert [each.frame.index for each in shown] == [0, 2, 4]
    assert [each.steps for each in shown] == [None, 2.0, 2.0]


def test_the_largest_shift_is_in_units_of_scores_and_of_large_ones_a_share():
    row = parity([0.5, 8.0], [0.6, 8.4]).figures(threshold=20, most_shift=0.25)
    assert row["score_shift"] == pytest.approx(0.1)
    row = parity([0.5, 8.0], [0.5, 8.4]).figures(threshold=20, most_shift=0.25)
    assert row["score_shift"] == pytest.approx(0.05)


def test_other_decisions_count_as_far_where_the_score_is_not_near_the_threshold():
    row = parity([0.9, 1.1, 3.0], [1.1, 0.9, 0.0]).figures(threshold=1.0, most_shift=0.25)
    assert (row["anomalous"], row["decided_otherwise"]) == (2, 3)
    assert row["decided_otherwise_far"] == 1


def test_frames_of_which_one_scene_alone_can_say_something_are_counted():
    row = parity([None, 1.0, None], [None, None, 1.0]).figures(threshold=9, most_shift=0.25)
    assert (row["frames"], row["disagreed"]) == (0, 2)


GOOD = parity([0.5, 3.0], [0.5, 3.1], errors=0.001).figures(threshold=2.0, most_shift=0.25)


@pytest.mark.parametrize(
    "beyond",
    [
        {"flow_mean_px": 0.011},
        {"flow_high_px": 0.6},
        {"flow_mean_px": float("nan")},
        {"score_shift": 0.3},
        {"decided_otherwise_far": 1},
        {"disagreed": 1},
    ],
)
def test_what_is_beyond_a_gate_is_refused(beyond):
    assert not [*_refusals(GOOD)]
    (why,) = _refusals(GOOD | beyond)
    assert why.startswith(next(iter(beyond)))


@pytest.mark.parametrize(("auc", "refused"), [(0.9, 0), (0.8985, 0), (0.897, 1), (0.903, 1)])
def test_auc_may_not_differ_by_more_than_a_fifth_of_a_point(auc, refused):
    assert len([*_refusals({"footage": "AUC", "auc": auc, "auc_without": 0.9})]) == refused
