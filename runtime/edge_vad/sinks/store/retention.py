"""Deletes the events that are too old or too many."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from edge_vad.events import EventState
from edge_vad.sinks.settings import StoreSettings
from edge_vad.sinks.store.media import MEDIA, is_event_id

_DAY_S = 86400.0
_ID_LENGTH = 36
_JUMP_S, _WAIT_AFTER_JUMP_S = 60.0, 3600.0
_YOUNG_S = 3600.0
_LEFT = 0.95
"""Share of the allowed size that is left, so that not every event makes one go."""
_AT_ONCE = 500


class _File(NamedTuple):
    path: Path
    size: int
    modified: float


class Retention:
    """Keeps a store within its age and size.

    Args:
        folder: The store's folder.
        settings: What is too old and too much.
        wall_clock: Seconds since 1970.
        monotonic: Seconds of a clock that nobody sets.
    """

    def __init__(
        self,
        folder: Path,
        settings: StoreSettings,
        wall_clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder, self._settings = folder, settings
        self._wall_clock, self._monotonic = wall_clock, monotonic
        self._offset_s = wall_clock() - monotonic()
        self._trusted_from_s = monotonic()

    def collect(self, connection: sqlite3.Connection) -> int:
        """Delete what has to go, with its files, and files that belong to no event.

        Returns:
            How many events went.

        Raises:
            sqlite3.Error: The database cannot be changed, as the disk is full.
        """
        files = self._files()
        self._sweep(connection, files)
        old = self._too_old(connection) if self._clock_is_trusted() else []
        self._delete(connection, old, files)
        much = self._too_much(connection, files)
        self._delete(connection, much, files)
        if old or much:
            connection.execute("PRAGMA incremental_vacuum").fetchall()
        return len(old) + len(much)

    def _clock_is_trusted(self) -> bool:
        """Whether the clock was not set of late: one that jumps ahead makes everything look old."""
        offset = self._wall_clock() - self._monotonic()
        if abs(offset - self._offset_s) > _JUMP_S:
            self._trusted_from_s = self._monotonic() + _WAIT_AFTER_JUMP_S
        self._offset_s = offset
        return self._monotonic() >= self._trusted_from_s

    def _too_old(self, connection: sqlite3.Connection) -> list[str]:
        oldest = self._wall_clock() - self._settings.max_age_days * _DAY_S
        rows = connection.execute(
            "SELECT id FROM events WHERE end < ? AND state != ? AND NOT starred",
            (oldest, EventState.ONGOING.value),
        )
        return [row[0] for row in rows]

    def _too_much(self, connection: sqlite3.Connection, files: dict[str, list[_File]]) -> list[str]:
        allowed = self._settings.max_size_mb * 1e6
        pages, page_size, free = (
            connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("page_count", "page_size", "freelist_count")
        )
        rows = (pages - free) * page_size
        used = rows + sum(file.size for each in files.values() for file in each)
        if used <= allowed:
            return []
        count = connection.execute("SELECT count(*) FROM events").fetchone()[0]
        gone = []
        oldest = connection.execute(
            "SELECT id FROM events WHERE state != ? ORDER BY starred, id",
            (EventState.ONGOING.value,),
        )
        for (event_id,) in oldest:
            if used <= _LEFT * allowed:
                break
            gone.append(event_id)
            used -= rows / count + sum(file.size for file in files.get(event_id, ()))
        return gone

    def _delete(
        self, connection: sqlite3.Connection, ids: list[str], files: dict[str, list[_File]]
    ) -> None:
        """Files first: a row without files harms less than files without a row."""
        for first in range(0, len(ids), _AT_ONCE):
            some = ids[first : first + _AT_ONCE]
            for event_id in some:
                for file in files.pop(event_id, ()):
                    file.path.unlink(missing_ok=True)
            with connection:
                connection.executemany(
                    "DELETE FROM events WHERE id = ?", [(each,) for each in some]
                )

    def _sweep(self, connection: sqlite3.Connection, files: dict[str, list[_File]]) -> None:
        """Delete files that belong to no event, unless it may still be about to be stored."""
        known = {row[0] for row in connection.execute("SELECT id FROM events")}
        young = self._wall_clock() - _YOUNG_S
        for event_id in [each for each in files if each not in known]:
            if all(file.modified < young for file in files[event_id]):
                for file in files.pop(event_id):
                    file.path.unlink(missing_ok=True)

    def _files(self) -> dict[str, list[_File]]:
        """All files by the event they belong to; empty folders go."""
        found: dict[str, list[_File]] = {}
        for day in sorted((self._folder / MEDIA).glob("*")):
            if day.is_symlink() or not day.is_dir():
                continue
            names = list(os.scandir(day))
            if not names and day.stat().st_mtime < self._wall_clock() - _DAY_S:
                with suppress(OSError):
                    day.rmdir()
            for entry in names:
                if entry.is_file(follow_symlinks=False) and is_event_id(entry.name[:_ID_LENGTH]):
                    status = entry.stat(follow_symlinks=False)
                    file = _File(Path(entry.path), status.st_size, status.st_mtime)
                    found.setdefault(entry.name[:_ID_LENGTH], []).append(file)
        return found
