"""How many messages may go, and when; what has gone is known across a restart and a kill."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import msgspec

from edge_vad.files.atomic import PRIVATE, write_whole
from edge_vad.files.bounded import read_bounded
from edge_vad.sinks.notify.local_time import LocalTime

_HOUR_S = 3600.0
_QUIET_STEP_S = 60.0
_LARGEST = 1_000_000
_log = logging.getLogger(__name__)


class ScheduleState(msgspec.Struct):
    """What outlives the process.

    Attributes:
        sent: When messages began to go within the last hour, seconds since 1970, oldest first.
        held: Whether something was kept waiting; what waits then goes as one digest.
    """

    sent: list[float] = msgspec.field(default_factory=list)
    held: bool = False


class SendSchedule:
    """Lets so many messages go in any 60 minutes, and none in quiet hours; for one thread.

    A message is counted, on the disk, before it goes: a kill can make it go twice, but no more
    messages than the limit.

    Args:
        path: The file in which it is kept, in a folder that is there.
        max_per_hour: The limit.
        time: The quiet hours.
        now: The clock, seconds since 1970.
    """

    def __init__(
        self, path: Path, max_per_hour: int, time: LocalTime, now: Callable[[], float]
    ) -> None:
        self._path, self._most, self._time, self._now = path, max_per_hour, time, now
        self._state = _read(path)

    @property
    def held(self) -> bool:
        """Whether what waits was kept waiting, and goes as one digest."""
        return self._state.held

    def wait_s(self) -> float:
        """How long nothing may go, at least, s; 0 where something may."""
        if self._time.is_quiet(self._now()):
            return _QUIET_STEP_S
        return max(0.0, self.next_at() - self._now())

    def next_at(self) -> float:
        """When the limit allows another message, seconds since 1970; now where it does."""
        now = self._now()
        # A clock that was set back must not keep messages from going for longer than an hour.
        sent = [min(at, now) for at in self._state.sent if now - at < _HOUR_S]
        self._state.sent = sent
        return now if len(sent) < self._most else sent[-self._most] + _HOUR_S

    def hold(self) -> None:
        """Note that something is kept waiting."""
        if not self._state.held:
            self._state.held = True
            self._write()

    def count(self) -> None:
        """Count a message that is about to go."""
        self._state.sent.append(self._now())
        self._write()

    def uncount(self) -> None:
        """Do not count the last one: it did not arrive."""
        del self._state.sent[-1:]
        self._write()

    def release(self) -> None:
        """Note that what was kept waiting has gone."""
        if self._state.held:
            self._state.held = False
            self._write()

    def _write(self) -> None:
        try:
            write_whole(self._path, msgspec.json.encode(self._state), PRIVATE)
        except OSError as error:
            # The spool says that it cannot be written to; here it only matters after a restart.
            _log.debug("%s: %s", self._path.name, error.strerror)


def _read(path: Path) -> ScheduleState:
    try:
        return msgspec.json.decode(read_bounded(path, _LARGEST), type=ScheduleState)
    except FileNotFoundError:
        return ScheduleState()
    except (OSError, ValueError):
        _log.warning("%s cannot be read; messages are counted anew", path.name)
        return ScheduleState()
