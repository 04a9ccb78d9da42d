"""A box is followed: how it is, and all its events, whatever becomes of either."""

from __future__ import annotations

import itertools
import json
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace

import msgspec
import pytest
from hostile_box import hostile_box, whole
from many_events import store_events

from edge_vad.alarms.identity import event_id
from edge_vad.camera_state import CameraState
from edge_vad.overview.answers import BoxEvent
from edge_vad.overview.index import BoxEventQuery
from edge_vad.sinks.store.marks import mark
from edge_vad.sinks.store.schema import DATABASE
from edge_vad.site.boxes import SiteBox


def known(index, limit=10_000, **asked) -> list[BoxEvent]:
    found = index.newest(BoxEventQuery(limit, **asked))
    return [msgspec.json.decode(each, type=BoxEvent) for each in found]


def states(follower) -> dict[str, str]:
    return {each.name: each.state for each in follower.view.cameras}


@pytest.fixture
def asked_again_soon(monkeypatch):
    """Boxes that are away are not waited for in a test."""
    monkeypatch.setattr("edge_vad.overview.following._AGAIN_S", 0.05)


@pytest.fixture
def many(tmp_path, boxes):
    """A store of 930 events, of two cameras."""
    times = [boxes.now + each for each in range(930)]
    store_events(tmp_path / "north", ["gate", "yard"], times)
    return times


def test_all_events_and_cameras_of_a_box_are_known(many, make_box, follow, boxes):
    acting, box = make_box("north", ["gate", "door"], token=True)
    follower, index = follow(box)
    boxes.eventually(lambda: follower.view.complete)
    assert [each.start for each in known(index)] == many[::-1]
    assert states(follower) == {"gate": "live", "door": "live", "yard": ""}
    acting.say("door", CameraState.COVERED)
    boxes.eventually(lambda: states(follower)["door"] == "covered")


def test_what_comes_goes_and_is_marked_at_the_box_is_known_soon(
    many, make_box, follow, boxes, tmp_path
):
    follower, index = follow(make_box("north")[1])
    boxes.eventually(lambda: follower.view.complete)
    folder = tmp_path / "north"
    store_events(folder, ["gate"], [boxes.now + 5000])
    boxes.eventually(lambda: len(known(index)) == 931)
    oldest = known(index)[-1].id.partition(".")[0]
    mark(folder, oldest, starred=True)
    boxes.eventually(lambda: len(known(index, starred=True)) == 1)
    with closing(sqlite3.connect(folder / DATABASE)) as connection, connection:
        connection.execute("DELETE FROM events WHERE camera = 'yard'")
    boxes.eventually(lambda: len(known(index)) == 466)
    assert {each.camera for each in known(index)} == {"gate"}


def test_more_new_events_than_are_asked_for_at_a_time_leave_no_gap(
    many, make_box, follow, boxes, tmp_path
):
    follower, index = follow(make_box("north")[1])
    boxes.eventually(lambda: follower.view.complete)
    store_events(tmp_path / "north", ["gate"], [boxes.now + 5000 + each for each in range(700)])
    boxes.eventually(lambda: len(known(index)) == 1630)


def test_a_box_that_goes_is_away_and_what_is_known_of_it_stays(many, make_box, follow, boxes, log):
    acting, box = make_box("north", ["gate"])
    follower, index = follow(box)
    boxes.eventually(lambda: follower.view.complete)
    acting.close()
    boxes.eventually(lambda: follower.view.state == "away")
    assert follower.view.why.startswith("no answer")
    since = follower.view.since
    assert len(known(index)) == 930
    assert states(follower)["gate"] == "live"
    again, _ = make_box("north", ["gate"], port=int(box.url.rpartition(":")[2]))
    boxes.eventually(lambda: follower.view.state == "well")
    assert follower.view.since > since
    assert follower.view.why == ""
    assert log.text.count("box north is away") == 1
    again.close()


def test_cameras_that_come_and_go_are_taken_over(make_box, follow, boxes):
    acting, box = make_box("north", ["gate"])
    follower, _ = follow(box)
    boxes.eventually(lambda: states(follower) == {"gate": "live"})
    acting.live.watch([replace(acting.cameras[0], name="yard")])
    boxes.eventually(lambda: states(follower) == {"yard": "connecting"})


def test_a_wrong_token_is_said_and_no_token_is_logged(make_box, follow, boxes, tmp_path, log):
    _, box = make_box("north", ["gate"], token=True)
    wrong = tmp_path / "wrong.token"
    wrong.write_text("a token that is wrong")
    wrong.chmod(0o600)
    follower, _ = follow(msgspec.structs.replace(box, token_file=str(wrong)))
    boxes.eventually(lambda: "refuses the token" in follower.view.why)
    assert boxes.token not in log.text
    assert "that is wrong" not in log.text


def test_a_box_whose_store_is_gone_has_no_events(many, make_box, follow, boxes, tmp_path):
    _, index = follow(make_box("north")[1])
    boxes.eventually(lambda: len(known(index)) == 930)
    shutil.rmtree(tmp_path / "north")
    boxes.eventually(lambda: not known(index))


SITE = whole(b'{"live": false}')


@pytest.mark.parametrize(
    ("site", "events"),
    [
        (whole(b'{"live": true}'), b""),
        (SITE, whole(b'{"events": [{"id": "<script>"}]}')),
        (SITE, whole(b"<h1>no", "text/html")),
        (SITE, whole(b'{"events": {}}')),
    ],
)
def test_what_is_no_box_is_away_and_ends_nothing(site, events, follow, boxes, asked_again_soon):
    def answer(path, out):
        out.write(site if path == "/api/site" else events)

    with hostile_box(answer) as hostile:
        follower, index = follow(SiteBox(name="north", url=f"http://127.0.0.1:{hostile.port}"))
        boxes.eventually(lambda: follower.view.state == "away")
        assert known(index) == []
        # It is asked again, and may mend.
        hostile.answering = lambda path, out: out.write(
            SITE if path == "/api/site" else whole(b'{"events": []}')
        )
        boxes.eventually(lambda: follower.view.state == "well")


def test_a_surprise_is_told_and_the_box_is_asked_again(
    make_box, follow, boxes, monkeypatch, asked_again_soon
):
    def surprised(*_):
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr("edge_vad.overview.following.cameras_of", surprised)
        follower, _ = follow(make_box("north", ["gate"])[1])
        boxes.eventually(lambda: follower.view.state == "away")
        assert "ZeroDivisionError" in follower.view.why
    boxes.eventually(lambda: follower.view.state == "well")


def test_a_box_that_always_tells_of_other_events_fills_nothing(follow, boxes, monkeypatch):
    monkeypatch.setattr("edge_vad.overview.following.MOST_OF_BOX", 300)
    latest = itertools.count(int(boxes.now), 1000)

    def answer(path, out):
        newest = next(latest) + 200
        count = 200 if "limit=200" in path else 50
        events = [told_at(newest - each) for each in range(count)]
        if "before=" in path:
            before = int(path.rpartition("before=")[2][:13].replace("-", ""), 16) // 1000
            events = [told_at(before - 1 - each) for each in range(count)]
        said = (
            b'{"live": false}' if path == "/api/site" else json.dumps({"events": events}).encode()
        )
        out.write(whole(said))

    with hostile_box(answer) as hostile:
        follower, index = follow(SiteBox(name="north", url=f"http://127.0.0.1:{hostile.port}"))
        boxes.eventually(lambda: len(hostile.requests) > 30)
        follower.stop()
        follower.join(60)
        assert len(known(index)) <= 300 + 250
        assert follower._turn() == follower._pause_s


def told_at(second):
    """An event, as a box tells of it."""
    marks = dict.fromkeys(("picture", "clip", "seen", "starred"), False)
    times = dict.fromkeys(("start", "end", "peak"), second)
    said = {"camera": "gate", "zone": "", "state": "ended", "score": 3.0, "threshold": 2.0}
    return {"id": event_id(second), "box": [1, 2, 3, 4], "rarity": "rare", **said, **times, **marks}
