"""Stored events, as the page shows them."""

from __future__ import annotations

import msgspec

from edge_vad.events import LiveEvent


class EventView(msgspec.Struct, frozen=True):
    """An event; the fields are those of `LiveEvent`.

    Attributes:
        picture: Whether there is a picture of it.
        clip: Whether there is a clip of it.
    """

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
    rarity: str
    picture: bool
    clip: bool
    seen: bool
    starred: bool


class EventsResponse(msgspec.Struct, frozen=True):
    """Events, newest first."""

    events: list[EventView]


def event_view(event: LiveEvent) -> EventView:
    """An event, as the page shows it."""
    return EventView(
        id=event.id,
        camera=event.camera,
        zone=event.zone,
        state=event.state.value,
        start=event.start,
        end=event.end,
        peak=event.peak,
        score=round(event.score, 3),
        threshold=round(event.threshold, 3),
        box=event.box,
        rarity=event.rarity,
        picture=event.snapshot is not None,
        clip=event.clip is not None,
        seen=event.seen,
        starred=event.starred,
    )
