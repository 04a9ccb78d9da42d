"""The interface of every sink, and the health that it reports."""

from __future__ import annotations

from abc import ABC
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from edge_vad.alarms.drift import DriftStep
from edge_vad.camera_state import CameraState
from edge_vad.detection import Detection
from edge_vad.events import CameraStatus, EventChange, WatchedCamera


@dataclass(frozen=True, slots=True)
class SinkHealth:
    """How a sink is.

    Attributes:
        ok: Whether it does all it should.
        why: One line that says what is wrong; empty when it is ok.
        depth: How much waits to be written or sent.
        dropped: How much was lost since the start.
    """

    ok: bool = True
    why: str = ""
    depth: int = 0
    dropped: int = 0


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of what a sink was to keep or to deliver.

    Attributes:
        what: What is counted.
        done: Stored, written or delivered.
        waiting: Neither done nor lost.
        lost: Gone.
    """

    what: str
    done: int = 0
    waiting: int = 0
    lost: int = 0


class Sink(ABC):  # noqa: B024 - a sink takes only what it needs
    """Takes what the live loop reports.

    Every method returns at once; slow work happens in the sink's own thread. None of them raises
    for anything that happens outside: `health` says it.

    Attributes:
        name: Short, as the configuration names it.
    """

    name: str = "sink"

    def watch(self, cameras: Sequence[WatchedCamera]) -> None:
        """Take which cameras are watched from now on, where that changes during a run.

        Of one that is gone, changes of events may still come.
        """

    def frame(self, camera: str, detection: Detection) -> None:
        """Take a scored frame; its image and map are only valid during the call."""

    def event(self, camera: str, change: EventChange) -> None:
        """Take a change of an event."""

    def state(self, camera: str, state: CameraState, at: float) -> None:
        """Take a camera's new state, and since when: seconds since 1970."""

    def threshold(self, camera: str, false_alarms: str, score: float) -> None:
        """Take a camera's new threshold: as accepted false alarms (`1/day`) and as a score.

        Called for every camera at the start, too.
        """

    def drift(self, camera: str, step: DriftStep, at: float) -> None:
        """Take a step of a threshold that follows drift, and when: seconds since 1970."""

    def timing(self, camera: str, stage: str, seconds: float) -> None:
        """Take how long a stage of a frame's way took; `total` is from capture to decision."""

    def health(self) -> SinkHealth:
        """Say how the sink is."""
        return SinkHealth()

    def replay(self, camera: str, change: EventChange) -> None:
        """Take a change that an earlier run was told of and may have been killed before it took."""

    def unsaved(self) -> int:
        """How many changes of events a kill would take from it; from any thread."""
        return 0

    def tallies(self) -> Sequence[Tally]:
        """What became of what it was told; none where it keeps nothing. To be asked once closed."""
        return ()

    def close(self, timeout_s: float) -> None:
        """Flush what can be flushed in this time, and end; harmless when called twice."""


class Site(Protocol):
    """What sinks may ask and tell the live loop, from any thread."""

    @property
    def cameras(self) -> Sequence[WatchedCamera]:
        """All cameras, as configured."""

    def status(self) -> Sequence[CameraStatus]:
        """How every camera is."""

    @property
    def budget(self) -> str | None:
        """The false alarms that all cameras together accept; None where nobody has said."""

    def false_alarms(self, camera: str) -> str:
        """The false alarms that are accepted of a camera, such as `1/day`."""

    def accept(self, camera: str, false_alarms: str) -> None:
        """Change them while running.

        Raises:
            WrongUse: No such camera, or no rate of false alarms.
        """

    def pause(self, paused: bool) -> None:
        """Stop scoring, or go on."""

    def stop(self) -> None:
        """End the run as SIGTERM would."""
