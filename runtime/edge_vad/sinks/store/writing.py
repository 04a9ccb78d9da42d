"""Writes events into the store, whatever the disk does."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_vad.events import ChangeKind, EventChange, LiveEvent
from edge_vad.files.atomic import PRIVATE, make_private_file, make_private_folder, write_whole
from edge_vad.opencv import cv2
from edge_vad.sinks.base import Sink, SinkHealth, Tally
from edge_vad.sinks.disk import is_damaged, is_full, make_folder, set_aside
from edge_vad.sinks.settings import StoreSettings
from edge_vad.sinks.store.media import SNAPSHOT, stem
from edge_vad.sinks.store.retention import Retention
from edge_vad.sinks.store.schema import DATABASE, STORE, prepare, row_of
from edge_vad.sinks.threads.worker import Worker

_CAPACITY = 10_000
_MOST_PICTURES = 64
"""Pictures that wait while the disk is full; events themselves take little memory."""
_COLLECT_EVERY_S = 60.0
_JPEG_QUALITY = 85
_TIMEOUT_S = 0.5
"""How long another program's lock is waited for, before events wait in memory."""
_TRY_AGAIN_S = 0.05
_log = logging.getLogger(__name__)


class _Picture(NamedTuple):
    event_id: str
    image: NDArray[np.uint8]


class EventStore(Sink):
    """Keeps events in a SQLite database and their pictures beside it.

    While the disk is full, events wait in memory; they are written once there is space again.

    Args:
        folder: Where the database, pictures and clips lie; made when it is missing.
        settings: How much is kept.

    Raises:
        BadInput: The folder cannot be made.
    """

    name = "store"

    def __init__(self, folder: Path, settings: StoreSettings) -> None:
        self.folder = folder
        make_folder(folder)
        self._retention = Retention(folder, settings)
        self._collect_at = 0.0
        self._connection: sqlite3.Connection | None = None
        self._events: dict[str, LiveEvent] = {}
        self._pictures: list[_Picture] = []
        self._lost, self._lost_pictures = 0, 0
        self._begun: set[str] = set()
        """Events of this run that are not stored yet."""
        self._stored, self._shown = 0, 0
        self._until = 0.0
        self._why = ""
        self._worker = Worker("store", self._work, _CAPACITY, ending=self._finish)

    def event(self, camera: str, change: EventChange) -> None:
        """Store the event as it is now, and its picture if there is a new one."""
        self._worker.put(change)

    def health(self) -> SinkHealth:
        """Say whether the disk takes all, and how many events wait for it."""
        dropped = self._worker.dropped + self._lost + self._lost_pictures
        depth = self._worker.depth + len(self._events)
        return SinkHealth(not self._why, self._why, depth, dropped)

    def replay(self, camera: str, change: EventChange) -> None:
        """Store the event as it was; told twice, it is stored once, and is none of this run's."""
        self.event(camera, replace(change, kind=ChangeKind.UPDATE))

    def unsaved(self) -> int:
        """Events that are not in the database yet, as they are now."""
        return self._worker.depth + len(self._events)

    def tallies(self) -> Sequence[Tally]:
        """How many events and pictures are stored, wait in memory, and were lost."""
        waiting = self._worker.depth + len(self._events)
        lost = self._worker.dropped + self._lost
        pictures = Tally("pictures", self._shown, len(self._pictures), self._lost_pictures)
        return (Tally("events", self._stored, waiting, lost), pictures)

    def close(self, timeout_s: float) -> None:
        """Write what waits; a lock that another program has is waited for, almost as long."""
        self._until = time.monotonic() + timeout_s - 2 * _TIMEOUT_S
        self._worker.close(timeout_s)

    def _work(self, changes: list[EventChange]) -> None:
        for change in changes:
            self._take(change)
        steps = (self._write, self._show, self._collect)
        failures = [error for step in steps if (error := _tried(step))]
        if failures:
            self._report(failures[0])
        elif self._why:
            self._why = ""
            _log.info("all is stored again")

    def _take(self, change: EventChange) -> None:
        event = change.event
        self._events[event.id] = event
        if change.kind is ChangeKind.NEW:
            self._begun.add(event.id)
        if len(self._events) > _CAPACITY:
            oldest = next(iter(self._events))
            del self._events[oldest]
            self._begun.discard(oldest)
            self._lost += 1
        if change.snapshot is not None:
            self._pictures.append(_Picture(event.id, change.snapshot))
            if len(self._pictures) > _MOST_PICTURES:
                del self._pictures[0]
                self._lost_pictures += 1

    def _write(self) -> None:
        """Rows, before pictures: they are small, and say more."""
        connection = self._opened()
        if self._events:
            with connection:
                connection.executemany(STORE, list(map(row_of, self._events.values())))
            self._events.clear()
            self._stored += len(self._begun)
            self._begun.clear()

    def _show(self) -> None:
        """Pictures, also while another program has the database."""
        while self._pictures:
            _write_picture(self.folder, self._pictures[0])
            del self._pictures[0]
            self._shown += 1

    def _collect(self) -> None:
        if time.monotonic() >= self._collect_at:
            self._collect_at = time.monotonic() + _COLLECT_EVERY_S
            gone = self._retention.collect(self._opened())
            if gone:
                _log.info("deleted %d events that were too old or too many", gone)

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            make_private_folder(self.folder)
            connection = _connect(self.folder / DATABASE)
            try:
                prepare(connection)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def _report(self, error: sqlite3.Error | OSError) -> None:
        what = "the disk is full" if is_full(error) else f"nothing can be stored ({error})"
        waiting = f"{len(self._events)} events and {len(self._pictures)} pictures"
        why = f"{what}: {waiting} wait in memory"
        if not self._why:
            _log.warning("%s", why)
        self._why = why
        if is_damaged(error):
            self._end()
            set_aside(self.folder / DATABASE)

    def _finish(self) -> None:
        """The last tries, until the time for them is over."""
        while (self._events or self._pictures) and time.monotonic() < self._until:
            time.sleep(_TRY_AGAIN_S)
            _tried(self._write)
            _tried(self._show)
        self._end()

    def _end(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _tried(step: Callable[[], None]) -> sqlite3.Error | OSError | None:
    try:
        step()
    except (sqlite3.Error, OSError) as error:
        return error
    return None


def _connect(path: Path) -> sqlite3.Connection:
    # Opened and used by the store's thread alone.
    make_private_file(path)
    return sqlite3.connect(path, timeout=_TIMEOUT_S)


def _write_picture(folder: Path, picture: _Picture) -> None:
    is_encoded, data = cv2.imencode(
        SNAPSHOT, picture.image, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]
    )
    if not is_encoded:
        return
    path = folder / stem(picture.event_id)
    make_private_folder(path.parent)
    write_whole(path.with_name(path.name + SNAPSHOT), data.tobytes(), PRIVATE)
