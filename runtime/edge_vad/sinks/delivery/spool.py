"""Messages on disk, in a SQLite file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path

from edge_vad.events import JournalPosition
from edge_vad.files.atomic import make_private_file
from edge_vad.sinks.delivery.messages import Message, QueuedMessage

_CREATE = """
CREATE TABLE IF NOT EXISTS messages (
    seq INTEGER PRIMARY KEY, topic TEXT NOT NULL, payload BLOB NOT NULL, event TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS wills (
    seq INTEGER PRIMARY KEY, topic TEXT NOT NULL, payload BLOB NOT NULL, event TEXT UNIQUE NOT NULL
);
CREATE TABLE IF NOT EXISTS taken (
    id INTEGER PRIMARY KEY CHECK (id = 0), journal TEXT NOT NULL, number INTEGER NOT NULL
);
"""
_TIMEOUT_S = 0.5
"""How long another program's lock is waited for, before messages wait in memory."""
_SIZE = "count(*), coalesce(sum(length(payload)), 0)"
_LOST_AT_ONCE = 0.1
"""Share of the messages that goes when they are too many."""


class Spool:
    """A file of messages that outlives the process; belongs to whoever holds its owner's lock.

    Messages of events that a killed process had left open are taken from their wills when the
    file is opened again.

    Args:
        path: The SQLite file; made when it is missing.
        max_bytes: What the payloads may take.

    Attributes:
        count: Messages in it.
        next_seq: A number above all of its messages'.

    Raises:
        sqlite3.Error: The disk is full, or the file is damaged.
        OSError: The file cannot be made.
    """

    def __init__(self, path: Path, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        make_private_file(path)
        self._connection = sqlite3.connect(path, timeout=_TIMEOUT_S, check_same_thread=False)
        try:
            self._prepare()
        except BaseException:
            self._connection.close()
            raise
        last, count, size = self._connection.execute(
            f"SELECT coalesce(max(seq), 0), {_SIZE} FROM messages"  # noqa: S608 - our own words
        ).fetchone()
        self.count, self._bytes, self.next_seq = int(count), int(size), int(last) + 1

    def add(self, messages: Iterable[QueuedMessage]) -> int:
        """Add messages, all or none; returns how many old ones were lost to make room.

        What the journal tells once more, after a kill, is left out where it was taken before.

        Raises:
            sqlite3.Error: The disk is full.
        """
        with self._connection:
            added = [each for each in messages if self._takes(each.message.position)]
            for seq, message in added:
                self._connection.execute(
                    "INSERT INTO messages VALUES (?, ?, ?, ?)",
                    (seq, message.topic, message.payload, message.event),
                )
                self._keep_will(message)
        self.count += len(added)
        self._bytes += sum(len(message.payload) for _, message in added)
        return self._trim()

    def after(self, seq: int, most: int) -> list[QueuedMessage]:
        """The oldest messages above a number, oldest first.

        Raises:
            sqlite3.Error: The file cannot be read.
        """
        rows = self._connection.execute(
            "SELECT seq, topic, payload, event FROM messages WHERE seq > ? ORDER BY seq LIMIT ?",
            (seq, most),
        )
        return [
            QueuedMessage(number, Message(topic, payload, event, None))
            for number, topic, payload, event in rows
        ]

    def remove(self, seq: int) -> None:
        """Remove all messages up to a number.

        Raises:
            sqlite3.Error: The disk is full, for even removing takes some.
        """
        count, size = self._connection.execute(
            "SELECT count(*), coalesce(sum(length(payload)), 0) FROM messages WHERE seq <= ?",
            (seq,),
        ).fetchone()
        with self._connection:
            self._connection.execute("DELETE FROM messages WHERE seq <= ?", (seq,))
        self.count -= int(count)
        self._bytes -= int(size)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _prepare(self) -> None:
        self._connection.execute("PRAGMA auto_vacuum = FULL")
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute("PRAGMA journal_size_limit = 1048576")
        self._connection.executescript(_CREATE)
        with self._connection:
            self._connection.execute(
                "INSERT INTO messages (topic, payload, event) "
                "SELECT topic, payload, event FROM wills ORDER BY seq"
            )
            self._connection.execute("DELETE FROM wills")

    def _takes(self, position: JournalPosition | None) -> bool:
        """Whether it is the first time that a change is taken; from now on it is not."""
        if position is None:
            return True
        changed = self._connection.execute(
            "INSERT INTO taken VALUES (0, ?, ?) ON CONFLICT (id) DO UPDATE SET "
            "journal = excluded.journal, number = excluded.number "
            "WHERE journal != excluded.journal OR number < excluded.number",
            position,
        )
        return changed.rowcount > 0

    def _keep_will(self, message: Message) -> None:
        self._connection.execute("DELETE FROM wills WHERE event = ?", (message.event,))
        if message.will:
            self._connection.execute(
                "INSERT INTO wills (topic, payload, event) VALUES (?, ?, ?)",
                (*message.will, message.event),
            )

    def _trim(self) -> int:
        if self._bytes <= self._max_bytes:
            return 0
        lost: int = max(1, round(_LOST_AT_ONCE * self.count))
        last = self._connection.execute(
            "SELECT seq FROM messages ORDER BY seq LIMIT 1 OFFSET ?", (lost - 1,)
        ).fetchone()
        self.remove(last[0])
        return lost
