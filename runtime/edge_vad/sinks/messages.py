"""Events, states and frames as JSON; documented in docs/sinks.md."""

from __future__ import annotations

import msgspec

from edge_vad.alarms.drift import DriftState
from edge_vad.events import ChangeKind, EventChange, EventState, LiveEvent

_DIGITS = 3
_encoder = msgspec.json.Encoder()


class EventMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A change of an event; the fields are those of `LiveEvent`, the times rounded to 1 ms.

    Attributes:
        type: `new`, `update` or `end`.
    """

    type: str
    id: str
    camera: str
    zone: str
    state: str
    start: float
    end: float
    peak: float
    score: float
    threshold: float
    box: tuple[int, int, int, int]
    normal_per_hour: float | None
    rarity: str


class StateMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A camera's new state, and since when."""

    type: str = "state"
    camera: str
    state: str
    at: float


class FrameMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A frame's score."""

    type: str = "frame"
    camera: str
    index: int
    time_s: float
    score: float
    anomalous: bool


class DriftMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A step of a threshold that follows drift, and all that is to be known to go on from it."""

    type: str = "drift"
    camera: str
    at: float
    threshold: float
    at_bound: bool
    state: DriftState


def event_message(change: EventChange) -> EventMessage:
    """What is said of a change."""
    event = change.event
    return EventMessage(
        type=change.kind.value,
        id=event.id,
        camera=event.camera,
        zone=event.zone,
        state=event.state.value,
        start=round(event.start, _DIGITS),
        end=round(event.end, _DIGITS),
        peak=round(event.peak, _DIGITS),
        score=round(event.score, _DIGITS),
        threshold=round(event.threshold, _DIGITS),
        box=event.box,
        normal_per_hour=event.normal_per_hour,
        rarity=event.rarity,
    )


def encode(message: msgspec.Struct) -> bytes:
    """A message as JSON, without a line break."""
    return _encoder.encode(message)


def will_of(event: LiveEvent) -> EventMessage:
    """What is to be said of an event that we are killed in the middle of."""
    message = event_message(EventChange(ChangeKind.END, event))
    return msgspec.structs.replace(message, state=EventState.INTERRUPTED.value)
