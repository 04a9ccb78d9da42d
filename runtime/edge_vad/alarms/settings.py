"""What a live camera's alarms can be tuned by."""

from __future__ import annotations

from typing import Annotated

import msgspec

from edge_vad.alarms.alarm import QUIET_S
from edge_vad.errors import WrongUse
from edge_vad.false_alarms import parse_rate
from edge_vad.preprocessing.regions import Polygon, Polygons, demand_area

MOST_ZONES = 16
Seconds = Annotated[float, msgspec.Meta(ge=0, le=86400)]
ZoneName = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{1,64}$(?!\n)")]


class ZoneSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A named part of the picture that decides by itself.

    Attributes:
        name: Its name; stands in events.
        polygon: Its corners, px of the camera's frames. A cell of the anomaly map belongs to it
            when its centre lies in it.
        false_alarms: Alarms one accepts there on normal footage, such as `3/day`; the camera's
            when None.
    """

    name: ZoneName
    polygon: Polygon
    false_alarms: str | None = None

    def __post_init__(self) -> None:
        demand_area(self.polygon)
        _demand_rate(self.false_alarms)


class DecisionSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a camera raises an alarm, and when it goes quiet again.

    Attributes:
        false_alarms: Alarms one accepts on normal footage, such as `1/day`; None: the rarest rate
            that the footage of the scene's training could show.
        hysteresis: An event goes on while a frame's score is one that normal footage keeps up at
            most this many times as often as the score it takes to begin one.
        min_duration_s: An event is reported once it has lasted this long; a shorter one never is.
        quiet_s: Seconds without a frame that holds it that end an event.
        cooldown_s: Seconds after an event in which none begins.
        update_s: Seconds between two updates of an event that goes on.
        ignore: Regions in which nothing counts: polygons, px of the camera's frames. A cell of the
            anomaly map is ignored when its centre lies in one.
        zones: Parts of the picture that decide by themselves; their names are unique. A cell that
            lies in several counts in the first.
        follow_drift: Whether the threshold follows slow changes of the normal scores, within a
            bound.
    """

    false_alarms: str | None = None
    hysteresis: Annotated[float, msgspec.Meta(ge=1, le=1000)] = 10.0
    min_duration_s: Seconds = 0.0
    quiet_s: Annotated[float, msgspec.Meta(gt=0, le=3600)] = QUIET_S
    cooldown_s: Seconds = 0.0
    update_s: Annotated[float, msgspec.Meta(ge=0.1, le=3600)] = 2.0
    ignore: Polygons = ()
    zones: Annotated[tuple[ZoneSettings, ...], msgspec.Meta(max_length=MOST_ZONES)] = ()
    follow_drift: bool = False

    def __post_init__(self) -> None:
        for polygon in self.ignore:
            demand_area(polygon)
        _demand_rate(self.false_alarms)
        names = [zone.name for zone in self.zones]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise ValueError(f"two zones are called {twice!r}")


def _demand_rate(false_alarms: str | None) -> None:
    """See to it that a rate is one.

    Raises:
        ValueError: It is none.
    """
    try:
        if false_alarms is not None:
            parse_rate(false_alarms)
    except WrongUse as error:
        raise ValueError(str(error)) from None
