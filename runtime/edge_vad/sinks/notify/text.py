"""What messages say: of one event, and of many as a digest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from edge_vad.detection import Box
from edge_vad.sinks.notify.local_time import LocalTime

_MOST_LINES = 10
_ROWS, _COLUMNS = ("upper", "", "lower"), ("left", "", "right")
_ALONE = {"upper": "top", "lower": "bottom", "": "centre"}
_SCORES_THIS_HIGH = "a normal scene scores this high "
_WHOLE = 0.8
"""Share of both sides of the picture from which on a box is all over it."""


class Notice(msgspec.Struct, frozen=True):
    """What is to be said of an event; it waits in the spool, so it holds no picture.

    Attributes:
        id: The event's.
        camera: Its name.
        zone: Name of the zone that it is in; empty where it is in none.
        start: When the event began, seconds since 1970.
        place: Where in the picture, in words; empty where unknown.
        box: The same, px of the camera's frames.
        normal_per_hour: How often normal footage scores as high; None where unknown.
        rarity: The same in words, and how far it can be trusted.
    """

    id: str
    camera: str
    start: float
    place: str
    box: Box
    normal_per_hour: float | None
    rarity: str
    zone: str = ""

    @property
    def where(self) -> str:
        """Camera and zone, or the camera alone."""
        return f"{self.camera} {self.zone}".rstrip()


class Text(msgspec.Struct, frozen=True):
    """A title and what stands below it."""

    title: str
    body: str


def place_of(box: Box, width: int, height: int) -> str:
    """Where in a picture a box is, in words.

    Args:
        box: In px.
        width: Of the picture, px.
        height: Of the picture, px.

    Example:
        >>> place_of(Box(10, 5, 30, 20), 640, 360), place_of(Box(300, 160, 40, 40), 640, 360)
        ('upper left', 'centre')
    """
    if box.width >= _WHOLE * width and box.height >= _WHOLE * height:
        return "all over the picture"
    row = _ROWS[_third(box.y + box.height / 2, height)]
    column = _COLUMNS[_third(box.x + box.width / 2, width)]
    return f"{row} {column}".strip() if column else _ALONE[row]


def text_of(notice: Notice, time: LocalTime, now: float, link: str | None, more: str) -> Text:
    """What is said of one event.

    Args:
        notice: The event.
        time: Where it is read.
        now: Seconds since 1970.
        link: Where the page is.
        more: What is to be said of the messages to come; may be empty.
    """
    where = f", {notice.place}" if notice.place else ""
    lines = [
        f"{time.moment(notice.start, now)}{where}.",
        f"{notice.rarity[:1].upper()}{notice.rarity[1:]}." if notice.rarity else "",
        f"{link.rstrip('/')}/#event={notice.id}" if link else "",
        more,
    ]
    return Text(f"{notice.where}: unusual{where}", "\n".join(filter(None, lines)))


def digest_of(notices: Sequence[Notice], time: LocalTime, now: float, link: str | None) -> Text:
    """What is said of many events: how many of each camera, and the rarest of them by time.

    Args:
        notices: The events, at least one, oldest first.
        time: Where it is read.
        now: Seconds since 1970.
        link: Where the page is.
    """
    counts = Counter(notice.camera for notice in notices).most_common()
    cameras = ", ".join(f"{camera} {count}" for camera, count in counts[:_MOST_LINES])
    first, last = (time.moment(notices[place].start, now) for place in (0, -1))
    told = sorted(rarest_first(notices)[:_MOST_LINES], key=lambda notice: notice.start)
    lines = [f"From {first} to {last}. The rarest:"] if len(told) < len(notices) else []
    lines += [_line(notice, time, now) for notice in told]
    return Text(
        f"{len(notices)} unusual events: {cameras}", "\n".join([*lines, *filter(None, [link])])
    )


def rarest_first(notices: Sequence[Notice]) -> list[Notice]:
    """The same, by how rare they are; those of which that is unknown come last."""
    return sorted(
        notices,
        key=lambda notice: (notice.normal_per_hour is None, notice.normal_per_hour or 0.0),
    )


def _line(notice: Notice, time: LocalTime, now: float) -> str:
    rarity = notice.rarity.removeprefix(_SCORES_THIS_HIGH)
    return ", ".join(
        filter(None, [f"{time.moment(notice.start, now)} {notice.where}", notice.place, rarity])
    )


def _third(at: float, size: int) -> int:
    return min(2, max(0, int(3 * at / max(1, size))))
