"""What every sink promises, and the records that reach it."""

from __future__ import annotations

from abc import ABC
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from edge_vad.detection import Box, Detection
from edge_vad.drift import DriftStep
from edge_vad.live.states import CameraState
from edge_vad.scene_model import SceneCard


class ChangeKind(str, Enum):
    """What happened to an event."""

    NEW = "new"
    UPDATE = "update"
    END = "end"


class EventState(str, Enum):
    """How far an event has come; `interrupted`: the runtime was killed before it had ended."""

    ONGOING = "ongoing"
    ENDED = "ended"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class LiveEvent:
    """One alarm of one camera, as far as it has come.

    Times are seconds since 1970, UTC. Within an event they are counted by the camera's monotonic
    clock, so that a clock that is set meanwhile neither stretches nor turns it round.

    Attributes:
        id: A UUID that sorts by the time of the event's start.
        camera: Name of the camera.
        start: When the first anomalous frame was taken.
        end: When the last anomalous frame so far was.
        peak: When the frame of the highest score was.
        score: The highest score.
        threshold: Score that had to be passed when the event began.
        box: Where the anomaly was at the peak, px of the camera's frames.
        normal_per_hour: How often an hour a normal scene keeps up as high a score as the event
            did; None where unknown.
        rarity: The same in words.
        state: How far it has come.
        clip: The event's video, relative to the store's folder; None while there is none.
        snapshot: The picture at the peak, relative to the store's folder; None while there is none.
    """

    id: str
    camera: str
    start: float
    end: float
    peak: float
    score: float
    threshold: float
    box: Box
    normal_per_hour: float | None = None
    rarity: str = ""
    state: EventState = EventState.ONGOING
    clip: str | None = None
    snapshot: str | None = None


class Mark(NamedTuple):
    """Where a change of an event stands in the journal.

    Attributes:
        journal: Which journal.
        number: Later changes have higher numbers.
    """

    journal: str
    number: int


@dataclass(frozen=True, slots=True)
class EventChange:
    """What happened to an event, and to which.

    Attributes:
        kind: Its beginning, a step of it, its end.
        event: The event, as it is now.
        snapshot: uint8, (height, width, 3), blue-green-red, the frame at the peak; None when the
            peak has not risen since the change before. Nobody writes into it.
        mark: Where it stands in the journal; None while it does not.
    """

    kind: ChangeKind
    event: LiveEvent
    snapshot: NDArray[np.uint8] | None = None
    mark: Mark | None = None


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
    """Takes what the live loop says.

    Every method returns at once; slow work happens in the sink's own thread. None of them raises
    for anything that happens outside: `health` says it.

    Attributes:
        name: Short, as the configuration names it.
    """

    name: str = "sink"

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

    def retell(self, camera: str, change: EventChange) -> None:
        """Take a change that an earlier run was told of and may have been killed before it took."""

    def unsaved(self) -> int:
        """How many changes of events a kill would take from it; from any thread."""
        return 0

    def tallies(self) -> Sequence[Tally]:
        """What became of what it was told; none where it keeps nothing. To be asked once closed."""
        return ()

    def close(self, timeout_s: float) -> None:
        """Flush what can be flushed in this time, and end; harmless when called twice."""


@dataclass(frozen=True, slots=True)
class WatchedCamera:
    """A camera, as sinks need to know it before its first frame.

    Attributes:
        name: Its name; unique.
        card: What its scene model says of itself.
        fps: Frames a second that are expected of it.
    """

    name: str
    card: SceneCard
    fps: float


@dataclass(frozen=True, slots=True)
class CameraStatus:
    """How a camera is just now.

    Attributes:
        name: Its name.
        state: Its state.
        frames: Frames scored since the start.
        dropped: Frames that were never scored because a newer one came.
        reconnects: How often it was connected to again.
        age_s: Age of the frame scored last, when it was decided on; None before the first.
        answered: Whether it ever sent a frame.
    """

    name: str
    state: CameraState
    frames: int
    dropped: int
    reconnects: int
    age_s: float | None
    answered: bool = True


class Site(Protocol):
    """What sinks may ask and tell the live loop, from any thread."""

    @property
    def cameras(self) -> Sequence[WatchedCamera]:
        """All cameras, as configured."""

    def status(self) -> Sequence[CameraStatus]:
        """How every camera is."""

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
