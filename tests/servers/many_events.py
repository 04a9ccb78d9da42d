"""A store with many events, as a run of months would leave it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from edge_vad.alarms.identity import event_id
from edge_vad.detection import Box
from edge_vad.events import EventState, LiveEvent
from edge_vad.sinks.store.media import SNAPSHOT, stem
from edge_vad.sinks.store.schema import DATABASE, STORE, prepare, row_of

_RARITY = "a normal scene scores this high about once in 4 days"


def store_events(
    folder: Path, cameras: Sequence[str], times: Sequence[float], picture: bytes = b""
) -> None:
    """Store an event for each time.

    Args:
        folder: The store's; made when it is missing.
        cameras: They take turns.
        times: When they begin, seconds since 1970.
        picture: A JPEG that the newest hundred have; empty: none has one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    made = list(_events(cameras, times))
    with closing(sqlite3.connect(folder / DATABASE)) as connection:
        prepare(connection)
        with connection:
            connection.executemany(STORE, map(row_of, made))
    for event in made[-100:] if picture else ():
        path = folder / stem(event.id)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.with_name(path.name + SNAPSHOT).write_bytes(picture)


def _events(cameras: Sequence[str], times: Sequence[float]) -> Iterator[LiveEvent]:
    box, state = Box(10, 20, 30, 40), EventState.ENDED
    for place, at in enumerate(times):
        camera = cameras[place % len(cameras)]
        yield LiveEvent(
            event_id(at), camera, at, at + 4, at + 1, 3.5, 2.0, box, 0.01, _RARITY, state
        )
