"""Many cameras on one device: the good go on, whatever the others do."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest

from edge_vad.camera_state import CameraState
from edge_vad.errors import WrongUse
from edge_vad.events import ChangeKind
from edge_vad.live.loop import LiveLoop
from edge_vad.sinks.base import Sink
from edge_vad.site.settings import WatchSettings
from edge_vad.sources.feeds.feed import Feed, FeedEnded

Loops = Callable[..., LiveLoop]


@pytest.fixture
def moving(make: SimpleNamespace, tmp_path: Path) -> Path:
    return make.avi(tmp_path / "moving.avi", make.movement())


def test_a_recording_is_scored_frame_by_frame_and_its_event_told(
    loop_of: Loops, moving: Path, notes: Any
) -> None:
    loop_of(gate=str(moving)).run([notes])
    assert notes.of("gate") == list(range(1, 40))
    assert notes.changes[0].kind is ChangeKind.NEW
    assert notes.changes[-1].kind is ChangeKind.END
    assert notes.states[-1] == ("gate", CameraState.ENDED)
    assert notes.closed


def test_the_scores_are_those_of_the_detector(
    loop_of: Loops, moving: Path, tiny_scene: Callable[..., Path]
) -> None:
    import edge_vad

    with edge_vad.load(tiny_scene("other.onnx")) as detector, edge_vad.open_source(moving) as clip:
        expected = [each.score for each in detector.watch(clip)][1:]
    scores: list[float] = []

    class Scores(Sink):
        def frame(self, camera: str, detection: Any) -> None:
            scores.append(detection.score)

    loop_of(gate=str(moving)).run([Scores()])
    np.testing.assert_allclose(scores, expected, rtol=1e-5, atol=1e-6)


def test_dead_cameras_delay_no_other(
    loop_of: Loops, moving: Path, notes: Any, stop_when: Callable[..., None]
) -> None:
    good = {f"good{n}": f"{moving}?realtime=1&loop=1" for n in range(6)}
    dead = {"none": "/dev/video99", "gone": "rtsp://admin:hunter2@127.0.0.1:9/live"}
    loop = loop_of(**good, **dead)

    def tries() -> list[int]:
        return [each.reconnects for each in loop.status() if each.name in dead]

    stop_when(loop, lambda: min(tries()) > 1 and all(len(notes.of(name)) >= 20 for name in good))
    loop.run([notes])
    for name in good:
        assert len(notes.of(name)) >= 20
    told = dict(notes.states[:-8])
    assert {told[name] for name in dead} == {CameraState.NO_SIGNAL}
    assert min(tries()) > 1


def test_a_source_faster_than_the_device_is_never_late(
    loop_of: Loops, moving: Path, slow_notes: Any, stop_when: Callable[..., None]
) -> None:
    loop = loop_of(fast=f"{moving}?realtime=1&loop=1")
    stop_when(loop, lambda: len(slow_notes.frames) >= 12)
    loop.run([slow_notes])
    times = [at for _, _, at, _ in slow_notes.frames]
    frame_s = float(np.median(np.diff(times)))
    assert frame_s >= 0.3
    # Were they kept, each would be older than the one before by two thirds of that time; a machine
    # that others use may hold up single ones.
    assert np.median([age for *_, age in slow_notes.frames]) < 2 * frame_s
    assert loop.status()[0].dropped > 0


def test_a_frozen_camera_is_told_and_not_scored(
    loop_of: Loops, make: SimpleNamespace, tmp_path: Path, notes: Any
) -> None:
    still = make.avi(tmp_path / "still.avi", [*make.movement(10), *[make.texture()] * 50])
    loop_of(WatchSettings(frozen_after_s=2.0), gate=str(still)).run([notes])
    assert ("gate", CameraState.FROZEN) in notes.states
    assert max(notes.of("gate")) <= 30


@pytest.mark.parametrize(("fps", "is_told"), [(1.0, True), (2.0, False)])
def test_a_camera_too_slow_for_its_scene_is_told_and_not_scored(
    loop_of: Loops,
    make: SimpleNamespace,
    tmp_path: Path,
    notes: Any,
    caplog: pytest.LogCaptureFixture,
    fps: float,
    is_told: bool,
) -> None:
    slow = make.avi(tmp_path / "slow.avi", make.movement(20), fps)
    loop_of(gate=str(slow)).run([notes])
    assert caplog.text.count("gate: its frames come too seldom") == is_told
    assert bool(notes.of("gate")) != is_told


def test_an_event_ends_when_the_camera_no_longer_shows_its_scene(
    loop_of: Loops, make: SimpleNamespace, tmp_path: Path, notes: Any
) -> None:
    pictures = make.movement(40, range(15, 25))[:25]
    clip = make.avi(tmp_path / "clip.avi", [*pictures, *[pictures[-1]] * 30])
    loop_of(WatchSettings(frozen_after_s=1.0), gate=str(clip)).run([notes])
    assert [change.kind for change in notes.changes].count(ChangeKind.END) == 1


def test_pictures_of_another_shape_are_a_camera_that_has_moved(
    loop_of: Loops, make: SimpleNamespace, moving: Path, notes: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved, until = ("gate", CameraState.MOVED), time.monotonic() + 120

    class Square(Feed):
        fps = 10.0

        def grab(self) -> None:
            # On a busy machine many frames pass before a state is told.
            if moved in notes.states or time.monotonic() > until:
                raise FeedEnded

        def retrieve(self, spare: Any) -> Any:
            return make.texture(0, 64, 64)

    monkeypatch.setattr("edge_vad.live.camera_pipeline.connector", lambda *_: Square)
    loop_of(gate=str(moving)).run([notes])
    assert moved in notes.states
    assert notes.frames == []


def test_a_stream_that_changes_its_size_is_scored_on_and_one_that_changes_its_shape_has_moved(
    loop_of: Loops, make: SimpleNamespace, moving: Path, notes: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = make.movement(20, range(0))
    larger = [cv2.resize(picture, None, fx=2, fy=2) for picture in usual]
    square = [make.texture(seed, 64, 64) for seed in range(15)]

    class Changing(Feed):
        fps = 10.0

        def __init__(self) -> None:
            self._pictures = iter([*usual, *larger, *square, *usual])

        def grab(self) -> None:
            self._picture = next(self._pictures, None)
            if self._picture is None:
                raise FeedEnded

        def retrieve(self, spare: Any) -> Any:
            return self._picture

    monkeypatch.setattr("edge_vad.live.camera_pipeline.connector", lambda *_: Changing)
    loop_of(gate=str(moving)).run([notes])
    assert notes.of("gate") == [*range(1, 40), *range(56, 75)]
    told = [state for _, state in notes.states if state is not CameraState.CONNECTING]
    # So short a change may be over before the loop looks; that nothing was scored says enough.
    assert (told[0], told[-1]) == (CameraState.LIVE, CameraState.ENDED)


def test_a_sink_that_raises_stops_nothing(loop_of: Loops, moving: Path, notes: Any) -> None:
    class Broken(Sink):
        name = "broken"

        def frame(self, camera: str, detection: Any) -> None:
            raise ValueError("broken")

    loop_of(gate=str(moving)).run([Broken(), notes])
    assert len(notes.frames) == 39


def test_it_stops_at_once_even_before_the_first_connect(loop_of: Loops, notes: Any) -> None:
    loop = loop_of(gone="rtsp://127.0.0.1:9/live", none="/dev/video99")
    threading.Timer(0.2, loop.stop).start()
    began = time.monotonic()
    loop.run([notes])
    assert time.monotonic() - began < 15.0


def test_a_clock_that_is_set_changes_nothing(
    loop_of: Loops, moving: Path, notes: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, jumps = time.time, itertools.cycle([0.0, 30.0, -30.0])
    monkeypatch.setattr(time, "time", lambda: real() + next(jumps))
    loop_of(gate=str(moving)).run([notes])
    assert notes.of("gate") == list(range(1, 40))
    event = notes.changes[-1].event
    assert 0.5 < event.end - event.start < 2.0


def test_a_recording_that_is_cut_short_is_watched_to_where_it_ends(
    loop_of: Loops, moving: Path, notes: Any
) -> None:
    moving.write_bytes(moving.read_bytes()[: moving.stat().st_size // 2])
    loop_of(gate=str(moving)).run([notes])
    assert notes.closed
    assert 5 < len(notes.frames) < 39


def test_the_threshold_changes_while_running_and_is_told(loop_of: Loops, moving: Path) -> None:
    loop = loop_of(gate=str(moving))
    loop.accept("gate", "1/week")
    assert loop.false_alarms("gate") == "1/week"
    with pytest.raises(WrongUse, match="no camera"):
        loop.accept("door", "1/day")


@pytest.mark.long
def test_memory_threads_and_descriptors_stay_flat(tiny_scene: Callable[..., Path]) -> None:
    import json
    import subprocess
    import sys

    tool = Path(__file__).parents[3] / "tools" / "live_checks.py"
    done = subprocess.run(
        [sys.executable, tool, "soak", tiny_scene(), "--seconds", "120"],
        capture_output=True,
        text=True,
        check=True,
    )
    figures = json.loads(done.stdout)
    assert figures["memory_growth_percent"] < 2.0
    for what in ("threads", "descriptors"):
        before, after = figures[what]
        assert after <= before


def test_a_camera_whose_rate_nobody_said_takes_what_its_footage_can_show(
    loop_of: Loops, moving: Path, caplog: pytest.LogCaptureFixture
) -> None:
    loop = loop_of(gate=str(moving))
    assert loop.false_alarms("gate") == "1/hour"
    with caplog.at_level("INFO", "edge_vad"):
        loop.run([])
    assert "gate: accepts 1/hour; the thresholds stand on 2 hours of normal footage" in caplog.text
