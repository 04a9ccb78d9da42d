"""The settings of notifications, as they are in the site file."""

from __future__ import annotations

import re
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec

from edge_vad.sinks.setting_types import Megabytes, Name, Settings, Text, check_url

_SPAN = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")


class NotifySettings(Settings, frozen=True, kw_only=True):
    """A service that messages for people are sent to: a phone, a mailbox, a chat.

    Attributes:
        name: What it is called in the log; unique.
        address_env: Environment variable that holds the address, in Apprise's words.
        address_file: File that holds it.
        picture: Whether pictures leave this machine.
        link: Where the page is found from outside; messages link to it.
        max_per_hour: Messages in any 60 minutes, digests included; what comes beyond is joined.
        quiet_hours: Such as 22:00-07:00; what comes meanwhile is joined at their end.
        time_zone: Of the quiet hours and the times in messages; the system's when None.
        timeout_s: How long a delivery may take, as a whole.
        spool_mb: What may wait on disk; beyond, the oldest is lost.
    """

    name: Name
    address_env: Name | None = None
    address_file: Text | None = None
    picture: bool = False
    link: Text | None = None
    max_per_hour: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 10
    quiet_hours: Text | None = None
    time_zone: Text | None = None
    timeout_s: Annotated[float, msgspec.Meta(ge=1, le=120)] = 30.0
    spool_mb: Megabytes = 10

    def __post_init__(self) -> None:
        if (self.address_env is None) == (self.address_file is None):
            raise ValueError("give the address by one of address_env and address_file")
        if self.link is not None:
            check_url(self.link)
        if self.quiet_hours is not None:
            read_span(self.quiet_hours)
        if self.time_zone is not None:
            zone_of(self.time_zone)


def read_span(text: str) -> tuple[int, int]:
    """The first minute of a span of the day, and the first after it, counted from midnight.

    Raises:
        ValueError: It is no span, or an empty one.

    Example:
        >>> read_span("22:00-07:30")
        (1320, 450)
    """
    match = _SPAN.fullmatch(text)
    hour, minute, last_hour, last_minute = map(int, match.groups()) if match else (0, 0, 0, 0)
    begin, end = 60 * hour + minute, 60 * last_hour + last_minute
    if begin == end:
        raise ValueError("quiet hours are written like 22:00-07:00")
    return begin, end


def zone_of(name: str) -> ZoneInfo:
    """The time zone of this name.

    Raises:
        ValueError: There is none, or the system knows no zones.
    """
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError):
        raise ValueError(
            "this time zone is unknown: write one like Europe/Berlin, and where all are unknown "
            "run pip install tzdata"
        ) from None
