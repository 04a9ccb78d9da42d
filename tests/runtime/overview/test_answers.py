"""What boxes say is read as far as it can be what edge-vad says, and is plain text."""

from __future__ import annotations

import json

import pytest

from edge_vad.alarms.identity import event_id
from edge_vad.overview.answers import (
    EventsSaid,
    SiteSaid,
    event_of,
    read,
    read_events,
    read_live,
)
from edge_vad.overview.asking import BoxAway

EVENT = {
    "id": event_id(1e9),
    "camera": "gate",
    "zone": "",
    "state": "ended",
    "start": 1e9,
    "end": 1e9 + 1,
    "peak": 1e9,
    "score": 3.5,
    "threshold": 2,
    "box": [1, 2, 3, 4],
    "rarity": "rare",
    "picture": True,
    "clip": False,
    "seen": False,
    "starred": True,
}


def said(*events) -> bytes:
    return json.dumps({"events": events}).encode()


@pytest.mark.parametrize(
    "change",
    [
        {"id": "../../../etc/passwd"},
        {"id": EVENT["id"] + "/../x"},
        {"camera": "x" * 257},
        {"camera": None},
        {"state": "<script>"},
        {"start": 1e300},
        {"start": -1},
        {"score": "3.5"},
        {"box": [1, 2, 3]},
        {"box": [1, 2, 3, 2**70]},
        {"rarity": "x" * 5000},
        {"picture": "yes"},
    ],
)
def test_an_event_that_cannot_be_is_refused(change):
    read_events(said(EVENT), 50)
    with pytest.raises(BoxAway, match="not what edge-vad answers"):
        read_events(said({**EVENT, **change}), 50)


@pytest.mark.parametrize(
    "body",
    [b"", b"\xff", b"null", b"[" * 100_000, b'{"events": "all"}', b'{"events": [{}]}', b"1e999"],
)
def test_what_is_no_document_is_refused(body):
    with pytest.raises(BoxAway, match="not what edge-vad answers"):
        read(body, EventsSaid)


def test_events_that_are_too_many_or_in_another_order_are_refused():
    older, newer = ({**EVENT, "id": event_id(at)} for at in (1e9, 2e9))
    assert [each.id for each in read_events(said(newer, older), 2)] == [newer["id"], older["id"]]
    for wrong in (said(older, newer), said(older, older), said(newer, older, EVENT)):
        with pytest.raises(BoxAway, match="order"):
            read_events(wrong, 2)
    with pytest.raises(BoxAway):
        read(said(*[EVENT] * 201), EventsSaid)


def test_names_are_one_short_line_without_what_a_terminal_obeys():
    wild = {**EVENT, "camera": "gate\x1b[2J\n\u202ex", "rarity": "<img src=x>" * 100}
    event = event_of(read_events(said(wild), 1)[0], "north")
    assert event.camera == "gate [2J x"
    assert len(event.rarity) < 210
    assert event.id == f"{EVENT['id']}.north"
    assert event.box == (1, 2, 3, 4)


def test_what_a_newer_edge_vad_says_besides_does_not_matter():
    site = {"live": True, "run": "1", "cameras": [{"name": "gate", "lens": 3}], "weather": "dry"}
    assert read(json.dumps(site).encode(), SiteSaid).cameras[0].name == "gate"


@pytest.mark.parametrize("body", [b"", b"\0\0\0\2{", b"\xff\xff\xff\xff{}", b"\0\0\0\2{}x", b"\0"])
def test_live_answers_of_another_length_than_they_say_are_refused(body):
    with pytest.raises(BoxAway):
        read_live(body)
