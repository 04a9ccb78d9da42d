"""Many sinks as one; a failure of one does not affect the others."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import ParamSpec

from edge_vad.alarms.drift import DriftStep
from edge_vad.camera_state import CameraState
from edge_vad.detection import Detection
from edge_vad.events import ChangeKind, EventChange, WatchedCamera
from edge_vad.sinks.base import Sink, SinkHealth
from edge_vad.sinks.journal import Journal

Args = ParamSpec("Args")
_log = logging.getLogger(__name__)


class SinkGroup(Sink):
    """Hands everything on to all sinks.

    Where a journal is among them, events are written into it before the others are told, by its
    thread.

    Args:
        sinks: Those that are told.

    Attributes:
        events: Events that were told since the start.
    """

    name = "sinks"

    def __init__(self, sinks: Sequence[Sink] = ()) -> None:
        self.sinks = tuple(sinks)
        self.events = 0
        self._faulty: dict[str, str] = {}
        journals = [sink for sink in sinks if isinstance(sink, Journal)]
        self._journal = journals[0] if journals else None
        self._others = [sink for sink in sinks if sink is not self._journal]
        if self._journal:
            self._journal.begin(self._others, self._pass_on)

    def watch(self, cameras: Sequence[WatchedCamera]) -> None:
        """Tell all which cameras are watched from now on."""
        for sink in self.sinks:
            self._guarded(sink, sink.watch, cameras)

    def frame(self, camera: str, detection: Detection) -> None:
        """Tell all of a scored frame."""
        for sink in self.sinks:
            self._guarded(sink, sink.frame, camera, detection)

    def event(self, camera: str, change: EventChange) -> None:
        """Tell all of a change of an event."""
        self.events += change.kind is ChangeKind.NEW
        report = self._journal.event if self._journal else self._pass_on
        report(camera, change)

    def state(self, camera: str, state: CameraState, at: float) -> None:
        """Tell all of a camera's new state."""
        for sink in self.sinks:
            self._guarded(sink, sink.state, camera, state, at)

    def threshold(self, camera: str, false_alarms: str, score: float) -> None:
        """Tell all of a new threshold."""
        for sink in self.sinks:
            self._guarded(sink, sink.threshold, camera, false_alarms, score)

    def drift(self, camera: str, step: DriftStep, at: float) -> None:
        """Tell all of a step of a threshold."""
        for sink in self.sinks:
            self._guarded(sink, sink.drift, camera, step, at)

    def timing(self, camera: str, stage: str, seconds: float) -> None:
        """Tell all how long a stage took."""
        for sink in self.sinks:
            self._guarded(sink, sink.timing, camera, stage, seconds)

    @property
    def faulty(self) -> dict[str, str]:
        """What is wrong with sinks that raised, by their names."""
        return dict(self._faulty)

    def health_by_name(self) -> dict[str, SinkHealth]:
        """How every sink is; one that raised is not ok."""
        found = {sink.name: sink.health() for sink in self.sinks}
        for name, why in self._faulty.items():
            found[name] = SinkHealth(False, why, found[name].depth, found[name].dropped)
        return found

    def health(self) -> SinkHealth:
        """All of them as one."""
        found = self.health_by_name()
        whys = [f"{name}: {each.why}" for name, each in found.items() if not each.ok]
        depth = sum(each.depth for each in found.values())
        dropped = sum(each.dropped for each in found.values())
        return SinkHealth(not whys, "; ".join(whys), depth, dropped)

    def close(self, timeout_s: float) -> None:
        """Close all, side by side, so that a slow one takes no time from the others."""
        until = time.monotonic() + timeout_s
        if self._journal:
            self._journal.flush(timeout_s / 2)
        left_s = until - time.monotonic()
        closings = [
            threading.Thread(
                target=self._guarded,
                name=f"closing {sink.name}",
                args=(sink, sink.close, left_s),
                daemon=True,
            )
            for sink in self._others
        ]
        for closing in closings:
            closing.start()
        for closing in closings:
            closing.join(max(0.0, until - time.monotonic()))
        if self._journal:
            self._journal.close(0.0)

    def _pass_on(self, camera: str, change: EventChange) -> None:
        for sink in self._others:
            self._guarded(sink, sink.event, camera, change)

    def _guarded(
        self, sink: Sink, report: Callable[Args, None], *args: Args.args, **named: Args.kwargs
    ) -> None:
        try:
            report(*args, **named)
        except Exception as error:  # noqa: BLE001 - one sink's fault must not stop the cameras
            if sink.name not in self._faulty:
                _log.exception("the sink %s failed", sink.name)
            self._faulty[sink.name] = f"failed with {type(error).__name__}"
