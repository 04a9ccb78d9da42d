"""Seen and starred events, filters, and an event as a zip file."""

from __future__ import annotations

import io
import json
import sqlite3
import zipfile

import pytest

from edge_vad.sinks.page.event_export import export_name
from edge_vad.sinks.store.media import stem


@pytest.fixture
def stored(page, events):
    """Three events: of the gate's door, of the gate, of the yard; oldest first."""
    found = [
        events.live(events.recent + at, camera=camera, zone=zone)
        for at, (camera, zone) in enumerate((("gate", "door"), ("gate", ""), ("yard", "")))
    ]
    for event in found:
        page.store.event(event.camera, events.new(event))
    events.eventually(lambda: len(ids(page)) == 3)
    events.eventually(lambda: page.ask(f"/api/events/{found[2].id}/picture").status == 200)
    return found


def ids(page, asked=""):
    answer = page.ask(f"/api/events?{asked}")
    assert answer.status == 200, answer.body
    return [event["id"] for event in answer.json["events"]]


def test_an_event_is_marked_and_found_by_its_marks(page, stored):
    door, gate, yard = (event.id for event in stored)
    answer = page.ask(f"/api/events/{door}", "POST", {"starred": True})
    assert (answer.json["starred"], answer.json["seen"]) == (True, False)
    assert page.ask(f"/api/events/{gate}", "POST", {"seen": True}).json["seen"]
    assert ids(page, "starred=1") == [door]
    assert ids(page, "seen=0") == [yard, door]
    assert ids(page, "seen=1") == [gate]
    assert ids(page, "camera=gate&zone=door") == [door]
    assert ids(page, "zone=&seen=0") == [yard]
    page.ask(f"/api/events/{door}", "POST", {"starred": False, "seen": True})
    assert ids(page, "starred=1") == []
    assert ids(page, "seen=1") == [gate, door]


def test_a_mark_stays_when_the_event_goes_on(page, stored, events):
    door = stored[0]
    page.ask(f"/api/events/{door.id}", "POST", {"starred": True, "seen": True})
    page.store.event("gate", events.end(door))
    events.eventually(lambda: page.ask("/api/events").json["events"][2]["state"] == "ended")
    event = page.ask("/api/events").json["events"][2]
    assert (event["starred"], event["seen"], event["zone"]) == (True, True, "door")


@pytest.mark.parametrize(
    "body", [{"starred": "yes"}, {"seen": 1}, {"camera": "x"}, [], b"", {"starred; DROP": True}]
)
def test_what_is_no_mark_is_refused(page, stored, body):
    assert page.ask(f"/api/events/{stored[0].id}", "POST", body).status == 400
    assert ids(page, "starred=1") == []


@pytest.mark.parametrize("asked", ["seen=2", "starred=yes", "zone=%00", f"zone={'a' * 300}"])
def test_what_is_no_filter_is_refused(page, stored, asked):
    assert page.ask(f"/api/events?{asked}").status == 400


def test_only_events_that_are_there_are_marked_and_exported(page, stored):
    missing = "00000000-0000-7000-8000-000000000000"
    for event in (missing, "..%2f..%2fetc", "x' OR '1'='1"):
        path = f"/api/events/{event.replace(' ', '%20')}"
        assert page.ask(path, "POST", {"starred": True}).status == 404
        assert page.ask(f"{path}/export").status == 404
    assert ids(page, "starred=1") == []


def test_a_database_that_another_program_has_locked_is_told(page, stored, monkeypatch):
    monkeypatch.setattr("edge_vad.sinks.store.marks._PATIENCE_S", 0.1)
    lock = sqlite3.connect(page.folder / "events.sqlite")
    lock.execute("BEGIN IMMEDIATE")
    answer = page.ask(f"/api/events/{stored[0].id}", "POST", {"starred": True})
    lock.close()
    assert (answer.status, "locked" in answer.json["error"]) == (503, True)


def test_an_event_is_exported_with_clip_picture_and_what_is_known_of_it(page, stored):
    door = stored[0]
    clip = page.folder / f"{stem(door.id)}.webm"
    clip.write_bytes(bytes(range(256)) * 4000)
    answer = page.ask(f"/api/events/{door.id}/export")
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/zip"
    name = export_name(door)
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
    assert name.startswith("gate-door_2")
    with zipfile.ZipFile(io.BytesIO(answer.body)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["event.json", "picture.jpg", "clip.webm"]
        assert archive.read("clip.webm") == clip.read_bytes()
        assert archive.read("picture.jpg")[:2] == b"\xff\xd8"
        document = json.loads(archive.read("event.json"))
    assert (document["id"], document["zone"], document["box"]) == (
        door.id,
        "door",
        [10, 20, 30, 40],
    )


def test_an_event_without_a_clip_is_exported_without(page, stored):
    answer = page.ask(f"/api/events/{stored[1].id}/export")
    with zipfile.ZipFile(io.BytesIO(answer.body)) as archive:
        assert archive.namelist() == ["event.json", "picture.jpg"]


def test_the_name_of_an_export_is_safe_whatever_the_camera_is_called(events):
    event = events.live(camera='a"b/../c\n', zone="ü")
    assert set('"/\n\\.') & set(export_name(event).removesuffix(".zip")) == set()
