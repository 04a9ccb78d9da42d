"""Domain records: cameras that are watched, their events, and what happens to these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_vad.camera_state import CameraState
from edge_vad.detection import Box
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
        zone: Name of the zone of the picture that it is in; empty where it is in none.
        seen: Whether somebody has looked at it.
        starred: Whether somebody wants to keep it.
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
    zone: str = ""
    seen: bool = False
    starred: bool = False


class JournalPosition(NamedTuple):
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
        position: Where it stands in the journal; None while it does not.
    """

    kind: ChangeKind
    event: LiveEvent
    snapshot: NDArray[np.uint8] | None = None
    position: JournalPosition | None = None


@dataclass(frozen=True, slots=True)
class WatchedCamera:
    """A camera, as sinks need to know it before its first frame.

    Attributes:
        name: Its name; unique.
        card: The card of its scene model.
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
        unjudged: How many frames were not judged, by the reason, such as `covered`.
        decoder: What decodes its pictures, once they are; empty where nothing has to.
        false_alarms: The false alarms that are accepted of it, such as `1/day`.
        accepted_per_hour: The same and those of its zones that say their own, alarms an hour.
    """

    name: str
    state: CameraState
    frames: int
    dropped: int
    reconnects: int
    age_s: float | None
    answered: bool = True
    unjudged: Mapping[str, int] = field(default_factory=dict)
    decoder: str = ""
    false_alarms: str = ""
    accepted_per_hour: float = 0.0
