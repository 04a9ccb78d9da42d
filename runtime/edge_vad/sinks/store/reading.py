"""Reads the events that are stored, while they are being written or afterwards."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from edge_vad.errors import BadInput
from edge_vad.events import LiveEvent
from edge_vad.sinks.store.media import clip_of, first_id, is_event_id, snapshot_of
from edge_vad.sinks.store.schema import DATABASE, SELECT, event_of

_MOST = 1000


class StoredEvents:
    """The events in a store's folder; may be used from any thread.

    Args:
        folder: The store's folder. It may be that nothing is in it yet.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def newest(
        self,
        limit: int = 50,
        camera: str | None = None,
        before: str | None = None,
        zone: str | None = None,
        seen: bool | None = None,
        starred: bool | None = None,
        since: float | None = None,
        until: float | None = None,
    ) -> list[LiveEvent]:
        """The newest events, newest first.

        Args:
            limit: How many, at most 1000.
            camera: Only those of this camera.
            before: Only those older than the event of this id.
            zone: Only those of the zone of this name; empty: only those in none.
            seen: Only those that somebody has looked at, or nobody.
            starred: Only those that somebody wants to keep, or nobody.
            since: Only those that began then or later, s since 1970.
            until: Only those that began before, s since 1970.

        Raises:
            BadInput: The store cannot be read.
        """
        # Ids sort by the time of the beginning, and have an index.
        said: list[tuple[str, object]] = [
            ("id >= ?", since if since is None else first_id(since)),
            ("id < ?", until if until is None else first_id(until)),
            ("id < ?", before),
            ("camera = ?", camera),
            ("zone = ?", zone),
            ("seen = ?", seen),
            ("starred = ?", starred),
        ]
        conditions = [each for each in said if each[1] is not None]
        where = " AND ".join(text for text, _ in conditions) or "1"
        values = [*(value for _, value in conditions), max(0, min(limit, _MOST))]
        return self._select(f"WHERE {where} ORDER BY id DESC LIMIT ?", values)

    def cameras(self) -> list[str]:
        """Names of all cameras that there are events of, in their order; at most 1000.

        Raises:
            BadInput: The store cannot be read.
        """
        found = self._read("SELECT DISTINCT camera FROM events ORDER BY camera LIMIT ?", [_MOST])
        return [row[0] for row in found]

    def find(self, event_id: str) -> LiveEvent | None:
        """The event of this id, which may be any text; None if there is none.

        Raises:
            BadInput: The store cannot be read.
        """
        found = self._select("WHERE id = ?", [event_id]) if is_event_id(event_id) else []
        return found[0] if found else None

    def snapshot(self, event_id: str) -> Path | None:
        """The JPEG file of an event of this id, which may be any text."""
        path = snapshot_of(self.folder, event_id)
        return path and self.folder / path

    def clip(self, event_id: str) -> Path | None:
        """The WebM or MP4 file of an event of this id, which may be any text."""
        path = clip_of(self.folder, event_id)
        return path and self.folder / path

    def _select(self, rest: str, values: Sequence[object]) -> list[LiveEvent]:
        return [event_of(row, self.folder) for row in self._read(f"{SELECT} {rest}", values)]

    def _read(self, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        if not (self.folder / DATABASE).is_file():
            return []
        try:
            with self._reader() as connection:
                return connection.execute(query, values).fetchall()
        except sqlite3.Error as error:
            if "no such table" in str(error):  # it is being made
                return []
            raise BadInput(
                f"the events in {self.folder} cannot be read ({error})",
                "see whether the folder is readable and the disk is well",
            ) from None

    @contextmanager
    def _reader(self) -> Iterator[sqlite3.Connection]:
        # Opening takes a tenth of a millisecond; a connection belongs to one thread.
        address = f"file:{quote(str((self.folder / DATABASE).absolute()))}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, timeout=5.0)) as connection:
            yield connection
