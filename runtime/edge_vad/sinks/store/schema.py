"""The table of events, and an event as its row."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from edge_vad.detection import Box
from edge_vad.events import EventState, LiveEvent
from edge_vad.sinks.store.media import clip_of, snapshot_of

DATABASE = "events.sqlite"
VERSION = 1
MARKS = ("seen", "starred")
"""What people say of an event."""
_COLUMNS = (
    "id, camera, start, end, peak, score, threshold, x, y, width, height, normal_per_hour, "
    "rarity, state, zone"
)
_ADDED = (
    "zone TEXT NOT NULL DEFAULT ''",
    *(f"{each} INTEGER NOT NULL DEFAULT 0" for each in MARKS),
)
"""Columns that databases of earlier versions lack."""
_CREATE = f"""
CREATE TABLE IF NOT EXISTS events (
    id TEXT PRIMARY KEY,
    camera TEXT NOT NULL,
    start REAL NOT NULL,
    end REAL NOT NULL,
    peak REAL NOT NULL,
    score REAL NOT NULL,
    threshold REAL NOT NULL,
    x INTEGER NOT NULL,
    y INTEGER NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    normal_per_hour REAL,
    rarity TEXT NOT NULL,
    state TEXT NOT NULL,
    {", ".join(_ADDED)}
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS by_camera ON events (camera, id);
CREATE INDEX IF NOT EXISTS by_end ON events (end);
"""
_SET = ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS.split(", "))
# Nothing of these comes from outside.
SELECT = f"SELECT {_COLUMNS}, {', '.join(MARKS)} FROM events"  # noqa: S608
STORE = (
    f"INSERT INTO events ({_COLUMNS}) VALUES ({', '.join('?' * 15)}) "  # noqa: S608
    f"ON CONFLICT (id) DO UPDATE SET {_SET}"
)
"""Leaves the marks of an event that is there as they are."""


def prepare(connection: sqlite3.Connection) -> None:
    """Make the table, if need be; events that a killed runtime left open are interrupted.

    Raises:
        sqlite3.Error: The disk is full, or this is no database.
    """
    # Before the first table, or it has no effect.
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA journal_size_limit = 4194304")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version not in (0, VERSION):
        raise sqlite3.NotSupportedError("the database is of a newer edge-vad")
    connection.executescript(_CREATE)
    known = {column[1] for column in connection.execute("PRAGMA table_info(events)")}
    for column in _ADDED:
        if column.partition(" ")[0] not in known:
            connection.execute(f"ALTER TABLE events ADD COLUMN {column}")
    with connection:
        connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute(
            "UPDATE events SET state = ? WHERE state = ?",
            (EventState.INTERRUPTED.value, EventState.ONGOING.value),
        )


def row_of(event: LiveEvent) -> tuple[object, ...]:
    """An event as the row that `STORE` takes."""
    return (
        event.id,
        event.camera,
        event.start,
        event.end,
        event.peak,
        event.score,
        event.threshold,
        *event.box,
        event.normal_per_hour,
        event.rarity,
        event.state.value,
        event.zone,
    )


def event_of(row: tuple[Any, ...], folder: Path) -> LiveEvent:
    """An event from the row that `SELECT` gives, with the files that are there."""
    event_id, camera, start, end, peak, score, threshold, *box, rate, rarity, state = row[:-3]
    zone, seen, starred = row[-3:]
    snapshot, clip = snapshot_of(folder, event_id), clip_of(folder, event_id)
    return LiveEvent(
        id=event_id,
        camera=camera,
        start=start,
        end=end,
        peak=peak,
        score=score,
        threshold=threshold,
        box=Box(*box),
        normal_per_hour=rate,
        rarity=rarity,
        state=EventState(state),
        snapshot=None if snapshot is None else snapshot.as_posix(),
        clip=None if clip is None else clip.as_posix(),
        zone=zone,
        seen=bool(seen),
        starred=bool(starred),
    )
