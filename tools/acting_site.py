"""Cameras that act: real decisions and real sinks, on scores that rise and fall.

    python tools/acting_site.py FOLDER --broker-port 1883

Prints a JSON line for every change of an event, after the sinks were told of it, and one a second
about frames and sinks. Used by the checks beside it.
"""

from __future__ import annotations

import argparse
import math
import signal
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from edge_vad.alarms.decision import Decision
from edge_vad.alarms.settings import DecisionSettings
from edge_vad.camera_state import CameraState
from edge_vad.events import CameraStatus, EventChange, WatchedCamera
from edge_vad.false_alarms import NormalTail
from edge_vad.frame import Frame
from edge_vad.motion.extractor import MotionSettings
from edge_vad.scene_model import SCHEMA, Calibration, Grid, SceneCard, Training
from edge_vad.sinks.factory import build_sinks
from edge_vad.sinks.group import SinkGroup
from edge_vad.sinks.settings import (
    ClipSettings,
    JsonLinesSettings,
    MqttSettings,
    SinkSettings,
    StoreSettings,
)

FPS = 10
HEIGHT, WIDTH = 120, 160
QUIET_S, LOUD_S = 1.6, 0.9
_printing = threading.Lock()


def card() -> SceneCard:
    """Of a scene whose threshold for 1/day is about 5."""
    calibration = Calibration(locations=(0.0,), scales=(1.0,), weight=0.5)
    tail = NormalTail(2.0, 72000, 1.0, 10.0, 0.75, 0.0)
    return SceneCard(
        schema=SCHEMA,
        height=HEIGHT,
        width=WIDTH,
        fps=float(FPS),
        motion=MotionSettings(window=3),
        grid=Grid(12, 17, 32, 8),
        energies={"physical": calibration},
        normal=tail,
        training=Training(("acted",), 72000, 0, "2026-01-01T00:00:00Z", {}),
    )


class ActingSite:
    """What the sinks ask; the cameras are threads of `main`."""

    def __init__(self, count: int) -> None:
        self.stopping = threading.Event()
        self.frames = dict.fromkeys((f"camera-{number}" for number in range(count)), 0)
        self._card = card()

    @property
    def cameras(self) -> Sequence[WatchedCamera]:
        """All of them."""
        return [WatchedCamera(name, self._card, float(FPS)) for name in self.frames]

    def status(self) -> Sequence[CameraStatus]:
        """All are live."""
        return [
            CameraStatus(name, CameraState.LIVE, frames, 0, 0, 0.0)
            for name, frames in self.frames.items()
        ]

    @property
    def budget(self) -> str | None:
        """Nobody has said what all accept together."""
        return None

    def false_alarms(self, camera: str) -> str:
        """What every camera begins with."""
        return "1/day"

    def accept(self, camera: str, false_alarms: str) -> None:
        """Nobody changes them here."""

    def pause(self, paused: bool) -> None:
        """Nobody pauses them here."""

    def stop(self) -> None:
        """End the run."""
        self.stopping.set()


def act(site: ActingSite, camera: str, phase_s: float, bus: SinkGroup) -> None:
    """Be a camera until the end; its time goes by with its frames, however slow the machine is."""
    began_s = time.monotonic()
    decision = Decision(camera, card(), DecisionSettings("1/day", quiet_s=0.5, update_s=0.3))
    image = np.full((HEIGHT, WIDTH, 3), 80, np.uint8)
    anomaly_map = np.zeros((12, 17), np.float32)
    bus.state(camera, CameraState.LIVE, time.time())
    while not site.stopping.wait(1 / FPS):
        played_s = site.frames[camera] / FPS
        within_s = (played_s + phase_s) % (QUIET_S + LOUD_S)
        is_loud = within_s < LOUD_S
        anomaly_map[4:7, 6:9] = 6 + 3 * math.sin(math.pi * within_s / LOUD_S) if is_loud else 0
        frame = Frame(image, site.frames[camera], began_s + played_s)
        judged = decision.update(frame, float(anomaly_map.max()), anomaly_map)
        site.frames[camera] += 1
        bus.frame(camera, judged.detection)
        for change in judged.changes:
            bus.event(camera, change)
            say_change(change)
    for change in decision.finish():
        bus.event(camera, change)
        say_change(change)


def say_change(change: EventChange) -> None:
    """Print what the sinks were told."""
    event = change.event
    say(
        {
            "type": change.kind.value,
            "camera": event.camera,
            "id": event.id,
            "end": round(event.end, 3),
        }
    )


def say(record: dict[str, object]) -> None:
    """Print a JSON line."""
    with _printing:
        print(msgspec.json.encode(record).decode(), flush=True)


def main() -> None:
    """Act until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--broker-port", type=int, required=True)
    parser.add_argument("--cameras", type=int, default=4)
    options = parser.parse_args()
    site = ActingSite(options.cameras)
    signal.signal(signal.SIGTERM, lambda *_: site.stop())
    settings = SinkSettings(
        folder=str(options.folder),
        store=StoreSettings(),
        clips=ClipSettings(before_s=1, after_s=1),
        jsonl=JsonLinesSettings(),
        mqtt=MqttSettings(host="127.0.0.1", port=options.broker_port),
    )
    bus = SinkGroup(build_sinks(settings, site))
    cameras = [
        threading.Thread(target=act, args=(site, name, 0.6 * number, bus))
        for number, name in enumerate(site.frames)
    ]
    for camera in cameras:
        camera.start()
    while not site.stopping.wait(0.5):
        health = {
            name: [each.ok, each.why, each.depth] for name, each in bus.health_by_name().items()
        }
        say({"type": "health", "frames": sum(site.frames.values()), "sinks": health})
    for camera in cameras:
        camera.join()
    bus.close(5)


if __name__ == "__main__":
    main()
