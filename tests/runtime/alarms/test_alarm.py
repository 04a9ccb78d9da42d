"""What an alarm is: the same for recordings, cameras, drift and training."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from edge_vad.alarms.alarm import ALARM_FRAMES, QUIET_S, AlarmPeaks, alarm_peaks
from edge_vad.alarms.decision import Decision
from edge_vad.alarms.persistence import persistent_scores
from edge_vad.alarms.settings import DecisionSettings
from edge_vad.alarms.tracker import EventTracker
from edge_vad.detection import Box, Detection, Event
from edge_vad.events import ChangeKind
from edge_vad.frame import Frame

FPS = 10.0
stretches = arrays(np.float32, st.integers(1, 120), elements=st.floats(-9, 9, width=32))


@given(stretches, st.floats(-9, 9, width=32))
def test_peaks_frame_by_frame_and_all_at_once_are_the_same(
    scores: np.ndarray, level: float
) -> None:
    peaks = AlarmPeaks(FPS)
    ended = [peaks.update(float(score), level, at) for at, score in enumerate(scores)]
    later = len(scores) + int(QUIET_S * FPS) + 1
    ended.append(peaks.update(-10.0, level, later))
    assert [peak for peak in ended if peak is not None] == alarm_peaks(scores, level, FPS)


def events_of(detections: list[Detection]) -> list[Event]:
    tracker = EventTracker(QUIET_S)
    ended = [*map(tracker.update, detections), tracker.finish()]
    return [event for event in ended if event]


@given(stretches)
def test_a_recording_and_a_camera_without_hysteresis_have_the_same_alarms(
    make: SimpleNamespace, scores: np.ndarray
) -> None:
    settings = DecisionSettings("1/hour", hysteresis=1.0, quiet_s=QUIET_S)
    camera = Decision("gate", make.card(), settings, lambda: 1000.0)
    image = np.zeros((48, 64, 3), np.uint8)
    changes, detections = [], []
    for index, score in enumerate(scores.tolist()):
        anomaly_map = np.full((5, 7), score, np.float32)
        judged = camera.update(Frame(image, index, index / FPS), score, anomaly_map)
        changes += judged.changes
        detections.append(judged.detection)
    changes += camera.finish()
    ended = [change.event for change in changes if change.kind is ChangeKind.END]
    events = events_of(detections)
    assert [(each.score, each.box) for each in ended] == [
        (each.peak_score, each.box) for each in events
    ]
    lasted = [round((each.end - each.start) * FPS) for each in ended]
    assert lasted == [each.end_index - each.start_index for each in events]


@given(stretches, st.floats(-9, 9, width=32))
def test_an_alarm_begins_where_the_persistent_score_passes(
    scores: np.ndarray, threshold: float
) -> None:
    detections = [
        detection(Frame(np.zeros((4, 4, 3), np.uint8), at, at / FPS), score, threshold)
        for at, score in enumerate(scores.tolist())
    ]
    passes = persistent_scores(scores)[ALARM_FRAMES - 1 :] >= threshold
    assert bool(events_of(detections)) == bool(passes.any())


def detection(frame: Frame, score: float, threshold: float) -> Detection:

    box = Box(0, 0, 1, 1) if score >= threshold else None
    return Detection(frame, score, threshold, np.zeros((1, 1), np.float32), box)
