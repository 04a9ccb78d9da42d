"""What is known of the events of all boxes: a database that is searched, and can be made again."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import msgspec

from edge_vad.errors import BadInput
from edge_vad.files.atomic import make_private_file
from edge_vad.files.owner import Owner
from edge_vad.overview.answers import BoxEvent
from edge_vad.sinks.disk import is_damaged, make_folder
from edge_vad.sinks.store.media import first_id

DATABASE = "overview.sqlite"
MOST_OF_BOX = 100_000
"""Events of a box that are known; the oldest are forgotten."""
_VERSION = 1
_CREATE = """
CREATE TABLE IF NOT EXISTS events (
    id TEXT PRIMARY KEY,
    box TEXT NOT NULL,
    camera TEXT NOT NULL,
    seen INTEGER NOT NULL,
    starred INTEGER NOT NULL,
    event BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS by_box ON events (box, id);
CREATE INDEX IF NOT EXISTS by_camera ON events (box, camera, id);
"""
_STORE = "INSERT OR REPLACE INTO events VALUES (?, ?, ?, ?, ?, ?)"
_FILES = ("", "-wal", "-shm")
_log = logging.getLogger(__name__)


class _OtherVersion(sqlite3.DatabaseError):
    """A database of another version of edge-vad."""


class BoxEventQuery(NamedTuple):
    """Which events are asked for; None asks for all.

    Attributes:
        limit: How many, newest first.
        box: Of this box alone.
        camera: Of the cameras of this name alone.
        before: Older than the event of this id.
        seen: Seen ones, or others.
        starred: Starred ones, or others.
        since: Begun then or later, s since 1970.
        until: Begun before, s since 1970.
    """

    limit: int
    box: str | None = None
    camera: str | None = None
    before: str | None = None
    seen: bool | None = None
    starred: bool | None = None
    since: int | None = None
    until: int | None = None


class EventIndex:
    """Events of all boxes; may be used from any thread.

    Args:
        folder: Where the database lies; made when it is missing.
        boxes: Names of the boxes; what is known of others is forgotten.

    Raises:
        BadInput: The folder cannot be written to, or another process keeps events in it.
    """

    def __init__(self, folder: Path, boxes: Sequence[str]) -> None:
        self._path = folder / DATABASE
        make_folder(folder)
        self._owner = Owner(self._path, is_file=True)
        self._writing = threading.Lock()
        try:
            self._connection = _opened(self._path)
            gone = [(name,) for name in self._boxes() if name not in boxes]
            with self._connection:
                self._connection.executemany("DELETE FROM events WHERE box = ?", gone)
        except (sqlite3.Error, OSError) as error:
            self._owner.close()
            raise BadInput(
                f"what is known of the boxes cannot be kept in {folder} ({error})",
                "give another folder, or none",
            ) from None

    def replace(self, box: str, since: str, until: str, events: Sequence[BoxEvent]) -> None:
        """Know these events of a box and no others, in a stretch of ids.

        Args:
            box: Its name.
            since: The first id of the stretch; empty: there is none before.
            until: The first id after it; empty: there is none after.
            events: The events.

        Raises:
            sqlite3.Error: The disk is full, or not well.
        """
        rows = [
            (each.id, box, each.camera, each.seen, each.starred, msgspec.json.encode(each))
            for each in events
        ]
        with self._writing, self._connection as connection:
            connection.execute(
                "DELETE FROM events WHERE box = ? AND id >= ? AND id < ?",
                (box, since, until or "g"),
            )
            connection.executemany(_STORE, rows)

    def forget_beyond(self, box: str, most: int) -> int:
        """Forget the oldest events of a box beyond so many; returns how many are known.

        Raises:
            sqlite3.Error: The disk is not well.
        """
        with self._writing, self._connection as connection:
            count: int = connection.execute(
                "SELECT count(*) FROM events WHERE box = ?", (box,)
            ).fetchone()[0]
            if count > most:
                connection.execute(
                    "DELETE FROM events WHERE box = ? AND id IN "
                    "(SELECT id FROM events WHERE box = ? ORDER BY id LIMIT ?)",
                    (box, box, count - most),
                )
        return min(count, most)

    def knows(self, event_id: str) -> bool:
        """Whether an event is known.

        Raises:
            sqlite3.Error: The disk is not well.
        """
        with self._writing:
            found = self._connection.execute("SELECT 1 FROM events WHERE id = ?", (event_id,))
            return found.fetchone() is not None

    def cameras(self, box: str) -> list[str]:
        """Names of the cameras that events of a box are known of; at most 1000.

        Raises:
            sqlite3.Error: The disk is not well.
        """
        with self._writing:
            found = self._connection.execute(
                "SELECT DISTINCT camera FROM events WHERE box = ? ORDER BY camera LIMIT 1000",
                (box,),
            )
            return [row[0] for row in found]

    def newest(self, query: BoxEventQuery) -> list[msgspec.Raw]:
        """Events, newest first, each a `BoxEvent` as JSON.

        Raises:
            BadInput: The database cannot be read.
        """
        said: list[tuple[str, object]] = [
            ("id >= ?", query.since if query.since is None else first_id(query.since)),
            ("id < ?", query.until if query.until is None else first_id(query.until)),
            ("id < ?", query.before),
            ("box = ?", query.box),
            ("camera = ?", query.camera),
            ("seen = ?", query.seen),
            ("starred = ?", query.starred),
        ]
        conditions = [each for each in said if each[1] is not None]
        where = " AND ".join(text for text, _ in conditions) or "1"
        values = [*(value for _, value in conditions), query.limit]
        select = f"SELECT event FROM events WHERE {where} ORDER BY id DESC LIMIT ?"  # noqa: S608 - texts of ours
        try:
            with self._reader() as connection:
                return [msgspec.Raw(row[0]) for row in connection.execute(select, values)]
        except sqlite3.Error as error:
            raise BadInput(
                f"what is known of the boxes cannot be read ({error})",
                "see whether the disk is well",
            ) from None

    def close(self) -> None:
        """End it."""
        with self._writing:
            self._connection.close()
        self._owner.close()

    def _boxes(self) -> list[str]:
        return [row[0] for row in self._connection.execute("SELECT DISTINCT box FROM events")]

    @contextmanager
    def _reader(self) -> Iterator[sqlite3.Connection]:
        address = f"file:{quote(str(self._path.absolute()))}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, timeout=5.0)) as connection:
            yield connection


def _opened(path: Path) -> sqlite3.Connection:
    """The database; one that is broken, or of another version, is made anew."""
    try:
        return _connected(path)
    except sqlite3.DatabaseError as error:
        if not (isinstance(error, _OtherVersion) or is_damaged(error)):
            raise
        _log.warning("%s is made anew (%s)", path, error)
        for ending in _FILES:
            path.with_name(path.name + ending).unlink(missing_ok=True)
        return _connected(path)


def _connected(path: Path) -> sqlite3.Connection:
    make_private_file(path)
    connection = sqlite3.connect(path, timeout=5.0, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, _VERSION):
            raise _OtherVersion("it is of another version")
        connection.executescript(_CREATE)
        connection.execute(f"PRAGMA user_version = {_VERSION}")
    except BaseException:
        connection.close()
        raise
    return connection
