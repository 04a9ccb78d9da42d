"""Scenes and sinks for live loops."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge_vad.backends import load_backend
from edge_vad.camera_state import CameraState
from edge_vad.detection import Detection
from edge_vad.events import EventChange
from edge_vad.live.camera_pipeline import CameraPipeline, CameraPlan
from edge_vad.live.loop import LiveLoop
from edge_vad.scene_model import SceneModel
from edge_vad.scoring.scorer import Scorer
from edge_vad.sinks.base import Sink
from edge_vad.site.settings import WatchSettings
from edge_vad.sources.addresses.spec import parse_spec


class Notes(Sink):
    """Writes down what it is told."""

    name = "notes"

    def __init__(self, delay_s: float = 0.0) -> None:
        self.frames: list[tuple[str, int, float, float]] = []
        self.states: list[tuple[str, CameraState]] = []
        self.changes: list[EventChange] = []
        self.scores: list[float] = []
        self.closed = False
        self._delay_s = delay_s

    def frame(self, camera: str, detection: Detection) -> None:
        now = time.monotonic()
        frame = detection.frame
        self.scores.append(detection.score)
        self.frames.append((camera, frame.index, now, now - frame.time_s))
        time.sleep(self._delay_s)

    def state(self, camera: str, state: CameraState, at: float) -> None:
        assert abs(at - time.time()) < 600
        self.states.append((camera, state))

    def event(self, camera: str, change: EventChange) -> None:
        self.changes.append(change)

    def close(self, timeout_s: float) -> None:
        self.closed = True

    def of(self, camera: str) -> list[int]:
        """Numbers of the frames that were scored of a camera."""
        return [index for name, index, *_ in self.frames if name == camera]


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.fixture
def slow_notes() -> Notes:
    return Notes(delay_s=0.3)


@pytest.fixture
def stop_when() -> Iterator[Callable[[LiveLoop, Callable[[], bool]], None]]:
    """Lets a loop stop once something holds, or after two minutes."""
    watching: list[threading.Thread] = []

    def begin(loop: LiveLoop, condition: Callable[[], bool]) -> None:
        def watch() -> None:
            until = time.monotonic() + 120
            while not condition() and time.monotonic() < until:
                time.sleep(0.05)
            loop.stop()

        watching.append(threading.Thread(target=watch))
        watching[-1].start()

    yield begin
    for each in watching:
        each.join()


@pytest.fixture
def loop_of(tiny_scene: Callable[..., Path]) -> Callable[..., LiveLoop]:
    """Makes a loop of cameras, `name=source`, of one tiny scene."""

    def make(
        watch: WatchSettings | None = None, scene: Path | None = None, **sources: str
    ) -> LiveLoop:
        model = SceneModel.read(scene or tiny_scene())
        scorer = Scorer(model, load_backend(model, threads=1))
        plans = [
            CameraPlan(
                name, parse_spec(source), model, watch=watch or WatchSettings(), timeout_s=1.0
            )
            for name, source in sources.items()
        ]
        return LiveLoop([CameraPipeline(plan) for plan in plans], [scorer])

    return make
