"""The newest picture of a camera."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from edge_vad.detection import Detection
from edge_vad.frame import Frame
from edge_vad.opencv import cv2
from edge_vad.sinks.page.history import SPAN_S, ScoreHistory
from edge_vad.sinks.page.snapshots import SnapshotEncoder
from edge_vad.sinks.page.threshold_presets import presets_of


def detection(grey=90, rows=48, columns=64):
    image = np.full((rows, columns, 3), grey, np.uint8)
    frame = Frame(image, 0, time.monotonic())
    return Detection(frame, 0.5, 2.0, np.zeros((5, 7), np.float32), None)


def grey_of(picture):
    return float(cv2.imdecode(np.frombuffer(picture.jpeg, np.uint8), cv2.IMREAD_COLOR).mean())


@pytest.fixture
def latest():
    return SnapshotEncoder(fps=1000.0)


def look(latest):
    return latest.get(-1, 320)


def test_while_nobody_looks_nothing_is_copied(latest):
    latest.offer(detection())
    assert look(latest) is None
    latest.offer(detection())
    assert look(latest) is not None


def test_who_has_stopped_asking_looks_no_longer(latest, monkeypatch):
    look(latest)
    begun = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: begun + 10)
    latest.offer(detection())
    assert look(latest) is None


def test_the_newest_frame_wins_and_buffers_are_used_again(latest):
    look(latest)
    for grey in range(10, 200):
        latest.offer(detection(grey))
        if grey % 7 == 0:
            look(latest)
        time.sleep(0.001)
    assert grey_of(look(latest)) == pytest.approx(199, abs=2)
    assert len(latest._free) <= 2


def test_no_more_pictures_are_taken_than_are_wanted(monkeypatch):
    latest, begun, numbers = SnapshotEncoder(fps=10.0), time.monotonic(), set()
    for step in range(500):
        monkeypatch.setattr(time, "monotonic", lambda: begun + step / 500)  # noqa: B023
        look(latest)
        latest.offer(detection())
        numbers.add(look(latest).number)
    assert 10 <= len(numbers) <= 12


def test_a_slow_encoder_does_not_hold_up_the_cameras(latest, monkeypatch):
    look(latest)
    latest.offer(detection())
    encode = cv2.imencode
    begun, go_on = threading.Event(), threading.Event()

    def slow(*words):
        begun.set()
        assert go_on.wait(60)
        return encode(*words)

    monkeypatch.setattr(cv2, "imencode", slow)
    looking = threading.Thread(target=look, args=[latest])
    looking.start()
    assert begun.wait(60)
    for grey in (50, 100, 150):
        time.sleep(0.002)
        latest.offer(detection(grey))  # would hang here
    go_on.set()
    looking.join()
    assert grey_of(look(latest)) == pytest.approx(150, abs=2)


def test_a_camera_may_change_its_size(latest):
    look(latest)
    latest.offer(detection())
    assert look(latest).width == 64
    time.sleep(0.002)
    latest.offer(detection(rows=96, columns=128))
    assert look(latest).width == 128


def test_the_highest_score_of_every_second_is_kept_for_an_hour():
    history = ScoreHistory()
    for step in range(10 * (SPAN_S + 50)):
        history.add(step / 10, float(step % 10))
    kept = history.since(0)
    assert len(kept) == SPAN_S
    assert kept[0] == (50, 9.0)
    assert history.since(SPAN_S + 48) == [(SPAN_S + 48, 9.0), (SPAN_S + 49, 9.0)]


@pytest.mark.parametrize("alarms_per_hour", [0.001, 1.0, 10.0, 1e5])
def test_stops_climb_with_fewer_false_alarms(make, alarms_per_hour):
    tail = make.card().normal
    stops = presets_of(type(tail)(1.0, 100, 1.0, alarms_per_hour, 1.0, 0.1))
    scores = [stop.score for stop in stops]
    assert len(stops) >= 8
    assert scores == sorted(scores)
