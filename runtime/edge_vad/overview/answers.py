"""What boxes answer: as much of it as is used, bounded, and shown as plain text."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal, TypeVar

import msgspec

from edge_vad.overview.asking import BoxAway
from edge_vad.sinks.page.event_views import EventView
from edge_vad.sinks.store.media import EVENT_ID
from edge_vad.untrusted import plain

MOST_CAMERAS = 1000
MOST_EVENTS = 200
"""Of one answer."""
_HEAD = 4

_Name = Annotated[str, msgspec.Meta(max_length=256)]
_Text = Annotated[str, msgspec.Meta(max_length=4096)]
_Number = Annotated[float, msgspec.Meta(ge=-1e9, le=1e9)]
_Second = Annotated[float, msgspec.Meta(ge=0, le=2**33)]
_Pixel = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31)]
Said = TypeVar("Said", bound=msgspec.Struct)


class CameraSaid(msgspec.Struct, frozen=True):
    """A camera, as `GET /api/site` tells of it."""

    name: _Name


class SiteSaid(msgspec.Struct, frozen=True):
    """The answer of `GET /api/site`."""

    live: bool
    run: _Name = ""
    cameras: Annotated[tuple[CameraSaid, ...], msgspec.Meta(max_length=MOST_CAMERAS)] = ()


class CameraNowSaid(msgspec.Struct, frozen=True):
    """How a camera is, as `GET /api/live` tells."""

    state: _Name
    state_s: _Second
    alarm: bool


class TroubleSaid(msgspec.Struct, frozen=True):
    """A sink that is not well."""

    sink: _Name
    why: _Text


class LiveSaid(msgspec.Struct, frozen=True):
    """The document of the answer of `GET /api/live`."""

    run: _Name
    cameras: Annotated[tuple[CameraNowSaid, ...], msgspec.Meta(max_length=MOST_CAMERAS)]
    troubles: Annotated[tuple[TroubleSaid, ...], msgspec.Meta(max_length=64)] = ()


class EventSaid(msgspec.Struct, frozen=True):
    """An event, as `GET /api/events` tells of it."""

    id: Annotated[str, msgspec.Meta(pattern=f"^{EVENT_ID}$", max_length=36)]
    camera: _Name
    zone: _Name
    state: Literal["ongoing", "ended", "interrupted"]
    start: _Second
    end: _Second
    peak: _Second
    score: _Number
    threshold: _Number
    box: tuple[_Pixel, _Pixel, _Pixel, _Pixel]
    rarity: _Text
    picture: bool
    clip: bool
    seen: bool
    starred: bool


class EventsSaid(msgspec.Struct, frozen=True):
    """The answer of `GET /api/events`."""

    events: Annotated[list[EventSaid], msgspec.Meta(max_length=MOST_EVENTS)]


class BoxEvent(EventView, frozen=True):
    """An event of a box, as the page over all boxes shows it.

    Attributes:
        id: The event's id at its box, a full stop, and the box's name: so ids sort by time.
        box_name: Name of the box.
    """

    box_name: str


def event_of(said: EventSaid, box: str) -> BoxEvent:
    """An event that a box told of."""
    fields = msgspec.structs.asdict(said)
    shown = {name: plain(fields[name]) for name in ("camera", "zone", "rarity")}
    return BoxEvent(**fields | shown | {"id": f"{said.id}.{box}", "box_name": box})


def read_events(body: bytes, limit: int) -> list[EventSaid]:
    """Read an answer of `GET /api/events`.

    Args:
        body: The answer.
        limit: How many were asked for.

    Raises:
        BoxAway: It is none, or its events are not in their order.
    """
    events = read(body, EventsSaid).events
    ids = [each.id for each in events]
    if len(ids) > limit or any(new <= old for new, old in pairwise(ids)):
        raise BoxAway("its events are not in their order")
    return events


def read_live(body: bytes) -> LiveSaid:
    """Read an answer of `GET /api/live` without pictures.

    Raises:
        BoxAway: It is none.
    """
    length = int.from_bytes(body[:_HEAD], "big")
    if len(body) != _HEAD + length:
        raise BoxAway("its answer has another length than it says")
    return read(body[_HEAD:], LiveSaid)


def read(body: bytes, kind: type[Said]) -> Said:
    """Read a JSON document.

    Raises:
        BoxAway: It is none, or not as it should be.
    """
    try:
        return msgspec.json.decode(body, type=kind)
    except (ValueError, RecursionError):
        raise BoxAway("its answer is not what edge-vad answers") from None
