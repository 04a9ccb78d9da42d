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
_COLUMNS = (
    "id, camera, start, end, peak, score, threshold, x, y, width, height, normal_per_hour, "
    "rarity, state"
)
_CREATE = """
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
    state TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS by_camera ON events (camera, id);
CREATE INDEX IF NOT EXISTS by_end ON events (end);
"""
SELECT = f"SELECT {_COLUMNS} FROM events"  # noqa: S608 - nothing of it comes from outside
REPLACE = f"INSERT OR REPLACE INTO events ({_COLUMNS}) VALUES ({', '.join('?' * 14)})"  # noqa: S608


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
    with connection:
        connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute(
            "UPDATE events SET state = ? WHERE state = ?",
            (EventState.INTERRUPTED.value, EventState.ONGOING.value),
        )


def row_of(event: LiveEvent) -> tuple[object, ...]:
    """An event as the row that `REPLACE` takes."""
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
    )


def event_of(row: tuple[Any, ...], folder: Path) -> LiveEvent:
    """An event from the row that `SELECT` gives, with the files that are there."""
    event_id, camera, start, end, peak, score, threshold, *box, rate, rarity, state = row
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
    )
