"""Joins the results of all clips: one table, and one store of events."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from edge_vad.archive.layout import EVENTS, PICTURES, TABLE
from edge_vad.archive.plan import results_of
from edge_vad.archive.result import ClipResult
from edge_vad.archive.table import has_pyarrow, write_table
from edge_vad.errors import BadInput
from edge_vad.events import LiveEvent
from edge_vad.files.atomic import PRIVATE, make_private_file, make_private_folder, write_whole
from edge_vad.sinks.store.media import SNAPSHOT, snapshot_of, stem
from edge_vad.sinks.store.schema import DATABASE, STORE, prepare, row_of

_TIMEOUT_S = 30.0
"""For a page that reads the store meanwhile."""


def join_results(out: Path) -> list[ClipResult]:
    """Join what is done in a folder of results.

    Without pyarrow there is no table. What people have marked in the store stays.

    Returns:
        The results, by the names of their clips.

    Raises:
        BadInput: A result is broken, or the store cannot be written.
        OSError: The disk is full.
    """
    results = results_of(out)
    if has_pyarrow():
        write_table(out / TABLE, out, results)
    _fill_store(out, results)
    return results


def _fill_store(out: Path, results: Sequence[ClipResult]) -> None:
    folder = out / EVENTS
    make_private_folder(folder)
    make_private_file(folder / DATABASE)
    events = [each.event for result in results for each in result.events]
    try:
        with closing(sqlite3.connect(folder / DATABASE, timeout=_TIMEOUT_S)) as connection:
            gone = _keep_only(connection, events)
    except sqlite3.Error as error:
        raise BadInput(
            f"the events cannot be stored in {folder} ({error})",
            "end what else uses it, or free some space, and give the same command again",
        ) from None
    for each in gone:
        if picture := snapshot_of(folder, each):
            (folder / picture).unlink(missing_ok=True)
    for result in results:
        _copy_pictures(out, result)


def _keep_only(connection: sqlite3.Connection, events: Sequence[LiveEvent]) -> list[str]:
    """Add events that are not there, and remove those of clips that are gone or were replaced.

    An event's id follows from its clip, scene and settings, so one that is there is the same one.
    Where all are, the file stays as it is.

    Returns:
        The ids that were removed.
    """
    is_new = not connection.execute("PRAGMA user_version").fetchone()[0]
    if is_new:
        prepare(connection)
    known = {row[0] for row in connection.execute("SELECT id FROM events")}
    rows = [row_of(each) for each in events if each.id not in known]
    gone = sorted(known - {each.id for each in events})
    if rows or gone:
        with connection:
            connection.executemany("DELETE FROM events WHERE id = ?", [(each,) for each in gone])
            connection.executemany(STORE, rows)
    return gone


def _copy_pictures(out: Path, result: ClipResult) -> None:
    for each in result.events:
        path = out / EVENTS / stem(each.event.id)
        path = path.with_name(path.name + SNAPSHOT)
        picture = out / result.scores.source / PICTURES / f"{each.number}.jpg"
        if not path.exists() and picture.is_file():
            make_private_folder(path.parent)
            write_whole(path, picture.read_bytes(), PRIVATE)
