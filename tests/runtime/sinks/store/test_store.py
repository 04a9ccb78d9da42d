from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_vad.errors import BadInput
from edge_vad.events import EventState
from edge_vad.opencv import cv2
from edge_vad.sinks.settings import StoreSettings
from edge_vad.sinks.store import EventStore, StoredEvents
from edge_vad.sinks.store.media import stem
from edge_vad.sinks.store.schema import STORE, prepare, row_of

# Begins two events, ends one, says so, and goes on watching.
WATCHING = """
import sys, time
from pathlib import Path
from edge_vad.alarms.identity import event_id
from edge_vad.detection import Box
from edge_vad.events import *
from edge_vad.sinks.settings import StoreSettings
from edge_vad.sinks.store import EventStore

store = EventStore(Path(sys.argv[1]), StoreSettings())
for at, kinds in ((0.0, ("new", "end")), (1000.0, ("new", "update"))):
    at += float(sys.argv[2])
    event = LiveEvent(event_id(at), "gate", at, at, at, 3.0, 2.0, Box(0, 0, 1, 1))
    for kind in map(ChangeKind, kinds):
        state = EventState.ENDED if kind is ChangeKind.END else EventState.ONGOING
        event = LiveEvent(event.id, "gate", at, event.end + 1, at, 3.0, 2.0, event.box, state=state)
        store.event("gate", EventChange(kind, event))
while store.health().depth:
    time.sleep(0.01)
print("stored", flush=True)
time.sleep(60)
"""


@pytest.fixture
def store(tmp_path):
    store = EventStore(tmp_path / "store", StoreSettings())
    yield store
    store.close(60)


def test_an_event_is_read_as_it_was_stored(store, events):
    event = events.live()
    store.event("gate", events.new(event))
    store.event("gate", events.end(replace(event, end=event.end + 10)))
    store.close(60)
    (read,) = StoredEvents(store.folder).newest()
    snapshot = f"{stem(event.id)}.jpg"
    expected = replace(event, end=event.end + 10, state=EventState.ENDED, snapshot=snapshot)
    assert read == expected
    assert cv2.imread(str(store.folder / snapshot)).shape == (48, 64, 3)


def test_a_store_of_an_earlier_version_gets_what_it_lacks(tmp_path, events):
    event = events.live(zone="door")
    with closing(sqlite3.connect(tmp_path / "events.sqlite")) as connection:
        prepare(connection)
        with connection:
            connection.execute(STORE, row_of(events.end(replace(event, zone="")).event))
        for column in ("zone", "seen", "starred"):
            connection.execute(f"ALTER TABLE events DROP COLUMN {column}")
    store = EventStore(tmp_path, StoreSettings())
    new = events.live(events.recent + 1, zone="door")
    store.event("gate", events.new(new))
    store.close(60)
    assert [each.zone for each in StoredEvents(tmp_path).newest()] == ["door", ""]


def test_events_can_be_read_while_they_go_on(store, events):
    store.event("gate", events.new(events.live()))
    reading = StoredEvents(store.folder)
    (event,) = events.eventually(reading.newest)
    assert event.state is EventState.ONGOING
    events.eventually(lambda: reading.snapshot(event.id))


def test_events_come_newest_first_page_by_page_and_by_camera(store, events):
    for at in range(10):
        name = "gate" if at % 2 else "yard"
        store.event(name, events.new(events.live(events.recent + at, name), with_picture=False))
    store.close(60)
    reading = StoredEvents(store.folder)
    assert [event.start - events.recent for event in reading.newest(3)] == [9, 8, 7]
    *_, last = reading.newest(3)
    assert [event.start - events.recent for event in reading.newest(3, before=last.id)] == [6, 5, 4]
    assert [event.start - events.recent for event in reading.newest(3, camera="yard")] == [8, 6, 4]


def test_events_are_found_by_the_time_at_which_they_began(store, events):
    for second in range(10):
        at, camera = events.recent + second, ("gate", "yard")[second % 2]
        store.event(camera, events.new(events.live(at, camera=camera)))
    events.eventually(lambda: store.health().depth == 0)
    reading, then = StoredEvents(store.folder), events.recent

    def found(**asked) -> list[float]:
        return [event.start - then for event in reading.newest(**asked)]

    assert found(since=then + 3, until=then + 6) == [5, 4, 3]
    assert found(since=then + 3.001, until=then + 6.001) == [6, 5, 4]
    assert found(since=then + 3, until=then + 6, camera="yard") == [5, 3]
    assert found(since=then + 7, limit=1) == [9]
    assert found(until=0.0) == found(since=2e9) == found(since=1e300) == []
    assert reading.cameras() == ["gate", "yard"]


def test_a_clip_is_found_once_it_is_whole(store, events):
    event = events.live()
    store.event("gate", events.new(event))
    store.close(60)
    reading = StoredEvents(store.folder)
    path = store.folder / stem(event.id)
    path.with_name(f"{event.id}.partial.webm").write_bytes(b"")
    assert reading.find(event.id).clip is None
    path.with_name(f"{event.id}.webm").write_bytes(b"")
    assert reading.find(event.id).clip == f"{stem(event.id)}.webm"
    assert reading.clip(event.id).is_file()


def test_a_folder_without_a_store_holds_no_events(tmp_path):
    assert StoredEvents(tmp_path / "nowhere").newest() == []


@given(text=st.text() | st.sampled_from(["../../etc/passwd", "a/../b", "\0", "x" * 9999]))
def test_no_text_for_an_id_leads_out_of_the_store(tmp_path_factory, text):
    reading = StoredEvents(tmp_path_factory.getbasetemp())
    assert reading.find(text) is None
    assert reading.snapshot(text) is None
    assert reading.clip(text) is None


def test_a_killed_runtime_leaves_all_it_had_told_and_interrupts_what_went_on(tmp_path, events):
    folder = tmp_path / "store"
    with subprocess.Popen(
        [sys.executable, "-c", WATCHING, str(folder), str(events.recent)],
        stdout=subprocess.PIPE,
        text=True,
    ) as watching:
        assert watching.stdout.readline() == "stored\n"
        watching.kill()
    assert [event.state for event in StoredEvents(folder).newest()] == [
        EventState.ONGOING,
        EventState.ENDED,
    ]
    store = EventStore(folder, StoreSettings())
    events.eventually(lambda: StoredEvents(folder).newest()[0].state is EventState.INTERRUPTED)
    store.close(60)
    newest, oldest = StoredEvents(folder).newest()
    assert (newest.end - events.recent, oldest.end - events.recent) == (1002.0, 2.0)


def test_a_full_disk_is_said_and_nothing_is_lost_once_there_is_space(small_disk, fill_disk, events):
    store = EventStore(small_disk, StoreSettings())
    first = events.live()
    store.event("gate", events.new(first))
    events.eventually(lambda: StoredEvents(small_disk).snapshot(first.id))
    ballast = fill_disk(small_disk)
    later = [events.live(events.recent + at) for at in range(2, 202)]
    for event in later:
        store.event("gate", events.new(event, with_picture=False))
        store.event("gate", events.end(event))
    events.eventually(lambda: not store.health().ok)
    assert "the disk is full" in store.health().why
    assert store.health().depth > 0
    assert StoredEvents(small_disk).find(first.id) is not None
    ballast.unlink()
    events.eventually(lambda: store.health().ok and not store.health().depth)
    assert len(StoredEvents(small_disk).newest(1000)) == 201
    assert store.health().dropped == 0
    store.close(60)


def test_a_disk_that_is_full_from_the_start_ends_nothing(small_disk, fill_disk, events):
    ballast = fill_disk(small_disk)
    store = EventStore(small_disk / "store", StoreSettings())
    store.event("gate", events.new(events.live()))
    events.eventually(lambda: "full" in store.health().why)
    ballast.unlink()
    events.eventually(lambda: StoredEvents(small_disk / "store").newest())
    store.close(60)


def test_a_damaged_database_is_set_aside(tmp_path, events):
    (tmp_path / "events.sqlite").write_bytes(b"no database at all" * 1000)
    store = EventStore(tmp_path, StoreSettings())
    store.event("gate", events.new(events.live()))
    events.eventually(lambda: len(list(tmp_path.glob("events.sqlite.broken-*"))))
    events.eventually(lambda: StoredEvents(tmp_path).newest())
    store.close(60)


def test_a_database_that_is_too_new_is_left_alone(tmp_path, events):
    with sqlite3.connect(tmp_path / "events.sqlite") as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    store = EventStore(tmp_path, StoreSettings())
    store.event("gate", events.new(events.live()))
    events.eventually(lambda: "newer edge-vad" in store.health().why)
    store.close(1)  # what cannot be written is waited for until then
    with closing(sqlite3.connect(tmp_path / "events.sqlite")) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (99,)
        assert connection.execute("SELECT * FROM sqlite_master").fetchall() == []


def test_a_store_that_cannot_be_read_says_so(tmp_path):
    (tmp_path / "events.sqlite").write_bytes(b"no database at all" * 1000)
    with pytest.raises(BadInput, match="cannot be read"):
        StoredEvents(tmp_path).newest()


def test_a_folder_that_cannot_be_made_is_an_error_at_once(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(BadInput, match="cannot write"):
        EventStore(tmp_path / "file" / "store", StoreSettings())
