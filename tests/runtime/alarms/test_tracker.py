from __future__ import annotations

import numpy as np
import pytest

from edge_vad.alarms.tracker import EventTracker
from edge_vad.detection import Box, Detection
from edge_vad.false_alarms import NormalTail
from edge_vad.frame import Frame

IMAGE = np.zeros((4, 4, 3), np.uint8)
MAP = np.zeros((1, 1), np.float32)


def detection(index, score, fps=10.0):
    box = Box(index, 0, 2, 2) if score >= 2 else None
    return Detection(Frame(IMAGE, index, index / fps), score, 2.0, MAP, box)


def events_of(scores, **options):
    tracker = EventTracker(**options)
    ended = [tracker.update(detection(index, score)) for index, score in enumerate(scores)]
    return [event for event in [*ended, tracker.finish()] if event]


def test_footage_without_an_anomalous_frame_has_no_event():
    assert events_of([0, 1, 1.99, 0]) == []


def test_an_event_spans_its_anomalous_frames_and_tells_its_peak():
    (event,) = events_of([0, 3, 7, 4, 0])
    assert (event.number, event.start_index, event.end_index) == (1, 1, 3)
    assert (event.start_s, event.end_s) == (0.1, 0.3)
    assert (event.peak_index, event.peak_score, event.box) == (2, 7, Box(2, 0, 2, 2))


@pytest.mark.parametrize("scores", [[9], [9, 9], [9, 9, 0, 9, 9], [0, 9, 0, 9, 0, 9, 0]])
def test_a_frame_or_two_that_pass_are_no_event(scores):
    assert events_of(scores) == []


def test_the_first_of_equal_peaks_counts():
    (event,) = events_of([5, 5, 5])
    assert event.peak_index == 0


def test_a_gap_shorter_than_the_quiet_time_does_not_end_an_event():
    (event,) = events_of([3, 3, 3, *[0] * 8, 3], quiet_s=1.0)
    assert (event.start_index, event.end_index) == (0, 11)


def test_a_gap_of_the_quiet_time_ends_an_event():
    first, second = events_of([3, 3, 3, *[0] * 10, 3, 3, 3], quiet_s=1.0)
    assert (first.number, second.number) == (1, 2)
    assert (first.end_index, second.start_index) == (2, 13)


def test_frames_far_apart_in_time_make_an_event_too():
    tracker = EventTracker(quiet_s=1.0)
    ended = [tracker.update(detection(index, 3, fps=0.2)) for index in range(3)]
    assert ended == [None] * 3
    assert tracker.finish() is not None


def test_a_pause_of_the_footage_breaks_the_row():
    tracker = EventTracker()
    for index, time_s in enumerate([0.0, 0.1, 600.0, 600.1]):
        found = detection(index, 3)
        frame = Frame(IMAGE, index, time_s)
        tracker.update(Detection(frame, found.score, found.threshold, MAP, found.box))
    assert tracker.ongoing is None


def test_a_pause_breaks_the_row_also_where_an_event_has_just_ended():
    tracker = EventTracker(quiet_s=0.5)
    for index, time_s in enumerate([0.0, 0.1, 0.2, 0.8, 600.0, 600.1]):
        found = detection(index, 3)
        frame = Frame(IMAGE, index, time_s)
        tracker.update(Detection(frame, found.score, found.threshold, MAP, found.box))
    assert tracker.ongoing is None


def test_an_event_is_told_as_soon_as_the_quiet_time_is_over():
    tracker = EventTracker(quiet_s=1.0)
    told = [tracker.update(detection(index, 3 if index < 3 else 0)) for index in range(20)]
    assert [index for index, event in enumerate(told) if event] == [12]


def test_the_ongoing_event_can_be_seen_and_ends_once():
    tracker = EventTracker()
    for index in range(3):
        assert tracker.ongoing is None
        tracker.update(detection(index, 3))
    assert tracker.ongoing is not None
    assert tracker.finish() is not None
    assert tracker.finish() is None


NORMAL = NormalTail(
    hours=24.0, frames=864000, start=1.0, alarms_per_hour=10.0, scale=1.0, shape=0.0
)


def test_an_event_says_how_rare_the_score_is_that_it_kept_up():
    kept_up = NORMAL.threshold(1 / 9)
    (event,) = events_of([0, 3, kept_up, 99, kept_up + 1, 3], normal=NORMAL)
    assert event.peak_score == 99
    assert event.normal_per_hour == pytest.approx(0.111)
    assert event.rarity == "a normal scene scores this high about once in 9 hours"


def test_what_no_footage_has_shown_is_called_extrapolated():
    (event,) = events_of([0, *[NORMAL.threshold(1 / 72)] * 3], normal=NORMAL)
    assert event.rarity.endswith("once in 3 days, extrapolated from 24 hours of normal footage")


def test_how_rare_is_not_said_where_the_footage_is_far_too_short():
    (event,) = events_of([0, *[NORMAL.threshold(1 / 2500)] * 3], normal=NORMAL)
    assert event.rarity.startswith("far above anything in 24 hours of normal footage")


def test_an_event_amid_the_normal_scores_claims_no_rate():
    normal = NormalTail(24.0, 864000, 5.0, 10.0, 1.0, 0.5)
    (event,) = events_of([0, 3, 3, 3], normal=normal)
    assert event.normal_per_hour is None
    assert event.rarity == "an ordinary score for a normal scene"
