"""What is known of events is searched, bounded, and made again where it is broken."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from functools import partial

import msgspec
import pytest

from edge_vad.alarms.identity import event_id
from edge_vad.errors import BadInput
from edge_vad.overview.answers import BoxEvent
from edge_vad.overview.index import DATABASE, BoxEventQuery, EventIndex

THEN = 1_700_000_000


def event(second: int, box: str = "north", camera: str = "gate", **marks) -> BoxEvent:
    at = float(THEN + second)
    marks = {"seen": False, "starred": False, **marks}
    said = (at, at, at, 3.5, 2.0, (1, 2, 3, 4), "rare", False, False, *marks.values())
    return BoxEvent(f"{event_id(at)}.{box}", camera, "", "ended", *said, box_name=box)


@pytest.fixture
def index(tmp_path):
    index = EventIndex(tmp_path, ["north", "south"])
    yield index
    index.close()


def seconds(index, limit=50, **asked) -> list[int]:
    found = index.newest(BoxEventQuery(limit, **asked))
    return [int(msgspec.json.decode(each, type=BoxEvent).start) - THEN for each in found]


def test_events_of_all_boxes_are_found_newest_first_by_box_camera_time_and_mark(index):
    index.replace("north", "", "", [event(each, camera="ab"[each % 2]) for each in (1, 3, 5)])
    index.replace("south", "", "", [event(each, "south", "a", seen=True) for each in (2, 4)])
    assert seconds(index) == [5, 4, 3, 2, 1]
    assert seconds(index, 2) == [5, 4]
    assert seconds(index, box="south") == seconds(index, seen=True) == [4, 2]
    assert seconds(index, box="north", camera="b") == [5, 3, 1]
    assert seconds(index, camera="a", since=THEN + 3) == [4]
    assert seconds(index, since=THEN + 2, until=THEN + 4) == [3, 2]
    assert seconds(index, starred=True) == []
    newest = msgspec.json.decode(index.newest(BoxEventQuery(1))[0], type=BoxEvent)
    assert seconds(index, before=newest.id) == [4, 3, 2, 1]
    assert index.cameras("north") == ["b"]


def test_in_a_stretch_that_was_told_anew_no_other_events_are_known(index):
    old = [event(each) for each in range(6)]
    index.replace("north", "", "", old)
    index.replace("south", "", "", [event(3, "south")])
    ids = [each.id.partition(".")[0] for each in old]
    index.replace("north", ids[2], ids[5], [old[2], old[4]])
    assert seconds(index, box="north") == [5, 4, 2, 1, 0]
    index.replace("north", ids[4], "", [old[4]])
    assert seconds(index, box="north") == [4, 2, 1, 0]
    index.replace("north", "", ids[2], [])
    assert seconds(index, box="north") == [4, 2]
    assert seconds(index, box="south") == [3]


def test_an_event_is_told_as_it_is_by_now(index):
    was = event(1)
    index.replace("north", "", "", [was])
    index.replace("north", "", "", [msgspec.structs.replace(was, starred=True)])
    assert seconds(index, starred=True) == [1]


def test_the_oldest_beyond_the_bound_are_forgotten(index):
    index.replace("north", "", "", [event(each) for each in range(10)])
    index.replace("south", "", "", [event(20, "south")])
    assert index.forget_beyond("north", 4) == 4
    assert seconds(index) == [20, 9, 8, 7, 6]


def test_what_is_known_outlives_the_process_but_for_boxes_that_are_gone(index, tmp_path):
    index.replace("north", "", "", [event(1)])
    index.replace("south", "", "", [event(2, "south")])
    index.close()
    again = EventIndex(tmp_path, ["south"])
    assert seconds(again) == [2]
    again.close()
    assert (tmp_path / DATABASE).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("broken", ["bytes", "version"])
def test_a_database_that_cannot_be_used_is_made_anew(tmp_path, broken, caplog):
    if broken == "bytes":
        (tmp_path / DATABASE).write_bytes(b"no database" * 1000)
    else:
        with closing(sqlite3.connect(tmp_path / DATABASE)) as connection:
            connection.execute("PRAGMA user_version = 99")
    index = EventIndex(tmp_path, ["north"])
    index.replace("north", "", "", [event(1)])
    assert seconds(index) == [1]
    index.close()
    assert "made anew" in caplog.text


def test_two_pages_do_not_share_what_is_known(index, tmp_path):
    index.replace("north", "", "", [event(1)])
    with pytest.raises(BadInput, match="writes into"):
        EventIndex(tmp_path, ["elsewhere"])
    assert seconds(index) == [1]


def test_a_database_that_is_only_busy_is_not_made_anew(index, tmp_path, monkeypatch):
    index.replace("north", "", "", [event(1)])
    index.close()
    connect = sqlite3.connect

    class Busy(sqlite3.Connection):
        def execute(self, *_):
            raise sqlite3.OperationalError("database is locked")

    with monkeypatch.context() as patched:
        patched.setattr(sqlite3, "connect", partial(connect, factory=Busy))
        with pytest.raises(BadInput, match="locked"):
            EventIndex(tmp_path, ["north"])
    again = EventIndex(tmp_path, ["north"])
    assert seconds(again) == [1]
    again.close()


def test_a_folder_that_cannot_be_used_is_an_error_at_once(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput):
        EventIndex(tmp_path / "file", ["north"])
