"""The clock on the wall where messages are read: quiet hours, and times in words."""

from __future__ import annotations

from datetime import datetime

from edge_vad.sinks.notify_settings import NotifySettings, read_span, zone_of

_MINUTES_A_DAY = 1440


class LocalTime:
    """Times in a time zone, across midnight and changes of summer time.

    Args:
        settings: The time zone, and the quiet hours if there are any.
    """

    def __init__(self, settings: NotifySettings) -> None:
        self._zone = zone_of(settings.time_zone) if settings.time_zone else None
        self._quiet = read_span(settings.quiet_hours) if settings.quiet_hours else None

    def is_quiet(self, at: float) -> bool:
        """Whether a time, seconds since 1970, is in the quiet hours."""
        if self._quiet is None:
            return False
        begin, end = self._quiet
        time = self._local(at)
        # Counted from their beginning, so that midnight makes no difference.
        since = (60 * time.hour + time.minute - begin) % _MINUTES_A_DAY
        return since < (end - begin) % _MINUTES_A_DAY

    def clock(self, at: float) -> str:
        """Such as `14:02:11`."""
        return f"{self._local(at):%H:%M:%S}"

    def moment(self, at: float, now: float) -> str:
        """The same, with the day where that is not today: `Nov 28, 14:02:11`."""
        time, today = self._local(at), self._local(now)
        return self.clock(at) if time.date() == today.date() else f"{time:%b %d, %H:%M:%S}"

    def _local(self, at: float) -> datetime:
        return datetime.fromtimestamp(at, self._zone)
