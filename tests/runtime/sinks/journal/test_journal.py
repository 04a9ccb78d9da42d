"""Events are written before they are told, and what a kill leaves is taken in."""

from __future__ import annotations

import errno
import json
import os
import shutil
from dataclasses import replace

import pytest

from edge_vad.events import ChangeKind, EventState
from edge_vad.files.owner import LOCK, Owner
from edge_vad.sinks.base import Sink
from edge_vad.sinks.delivery import Message, Outbox
from edge_vad.sinks.group import SinkGroup
from edge_vad.sinks.journal import Journal
from edge_vad.sinks.journal.journal_file import NAME, JournalFile
from edge_vad.sinks.mqtt.topics import Topics


class Keeper(Sink):
    """Keeps what it is told, in memory or as if on disk; looks what stands in the journal."""

    name = "keeper"

    def __init__(self, folder, is_saving=True):
        self.told, self.retold, self.written = [], [], []
        self._folder, self.is_saving = folder, is_saving

    def event(self, camera, change):
        self.told.append(change)
        file = self._folder / NAME
        self.written.append(change.event.id in file.read_text() if file.exists() else False)

    def replay(self, camera, change):
        self.retold.append(change)

    def unsaved(self):
        return 0 if self.is_saving else len(self.told)


def kinds(changes):
    return [change.kind.value for change in changes]


def test_what_is_told_was_written_before(tmp_path, events):
    keeper = Keeper(tmp_path)
    group = SinkGroup([Journal(tmp_path), keeper])
    for change in (events.new(events.live()), events.end(events.live())):
        group.event("gate", change)
    group.close(60)
    assert kinds(keeper.told) == ["new", "end"]
    assert keeper.written == [True, True]
    assert [change.position.number for change in keeper.told] == [1, 2]
    assert keeper.told[0].snapshot is not None
    assert group.events == 1


def test_when_all_is_kept_nothing_of_it_stays(tmp_path, events):
    group = SinkGroup([Journal(tmp_path), Keeper(tmp_path)])
    event = events.live()
    group.event("gate", events.new(event))
    group.event("gate", events.end(event))
    group.close(60)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("way", ["removed", "moved", "replaced", "its lock removed"])
def test_a_folder_that_goes_while_it_is_written_into_is_told_and_nothing_counts_as_kept(
    tmp_path, events, caplog, way
):
    folder = tmp_path / "watched"
    journal = Journal(folder)
    group = SinkGroup([journal, Keeper(folder)])
    group.event("gate", events.new(events.live()))
    events.eventually(lambda: journal.tallies()[0].done == 1)
    if way == "its lock removed":
        (folder / LOCK).unlink()
    elif way == "removed":
        shutil.rmtree(folder)
    else:
        folder.rename(tmp_path / "elsewhere")
    if way == "replaced":
        folder.mkdir()
    group.event("gate", events.end(events.live()))
    events.eventually(lambda: not journal.health().ok)
    assert "removed, moved or replaced" in journal.health().why
    group.close(60)
    assert (journal.tallies()[0].done, journal.tallies()[0].lost) == (0, 2)
    assert caplog.text.count("removed, moved or replaced") == 1


def test_a_run_whose_folder_went_leaves_that_of_the_next_alone(tmp_path):
    folder = tmp_path / "watched"
    journal = Journal(folder)
    shutil.rmtree(folder)
    other = Owner(folder)
    journal.close(0)
    assert other.holds
    other.close()


def test_what_a_sink_could_not_keep_the_next_run_takes_in(tmp_path, events):
    event = events.live()
    group = SinkGroup([Journal(tmp_path), Keeper(tmp_path, is_saving=False)])
    group.event("gate", events.new(event))
    group.event("gate", events.end(event))
    group.close(60)
    keeper = Keeper(tmp_path)
    SinkGroup([Journal(tmp_path), keeper]).close(5)
    assert kinds(keeper.retold) == ["new", "end"]
    assert [change.event for change in keeper.retold] == [
        event,
        replace(event, state=EventState.ENDED),
    ]
    assert keeper.told == []
    assert list(tmp_path.iterdir()) == []


def test_an_event_that_a_kill_cut_off_is_ended_as_interrupted(tmp_path, events):
    event = events.live()
    file = JournalFile(tmp_path)
    file.append([events.new(event), events.update(replace(event, score=9.0))])
    keeper = Keeper(tmp_path)
    group = SinkGroup([Journal(tmp_path), keeper])
    assert kinds(keeper.retold) == ["new", "update", "end"]
    assert keeper.retold[-1].event == replace(event, score=9.0, state=EventState.INTERRUPTED)
    assert keeper.retold[-1].position.number == 3
    group.close(60)


def test_a_line_that_a_kill_tore_is_passed_over_and_written_over(tmp_path, events):
    file = JournalFile(tmp_path)
    file.append([events.new(events.live())])
    with (tmp_path / NAME).open("ab") as torn:
        torn.write(b'{"number":2,"kind":"en')
    again = JournalFile(tmp_path)
    (kept,) = again.read()
    again.append([events.end(kept.event)])
    assert kinds(JournalFile(tmp_path).read()) == ["new", "end"]
    assert all(json.loads(line) for line in (tmp_path / NAME).read_text().splitlines())


@pytest.mark.parametrize("content", [b"", b"\0" * 100, b"{}\n", b"no journal\n{}\n"])
def test_a_file_that_is_no_journal_ends_nothing(tmp_path, events, content):
    (tmp_path / NAME).write_bytes(content)
    file = JournalFile(tmp_path)
    assert file.read() == []
    file.append([events.new(events.live())])
    assert kinds(JournalFile(tmp_path).read()) == ["new"]


def test_numbers_go_on_after_the_file_was_made_short(tmp_path, events):
    file = JournalFile(tmp_path)
    marked = file.append([events.new(events.live()), events.end(events.live())])
    file.rewrite([])
    again = JournalFile(tmp_path)
    assert again.read() == []
    (later,) = again.append([events.new(events.live())])
    assert later.position == marked[-1].position._replace(number=3)


def test_a_long_journal_is_made_short_and_keeps_what_goes_on(tmp_path, events, monkeypatch):
    monkeypatch.setattr("edge_vad.sinks.journal.journal._LONG", 2000)
    keeper = Keeper(tmp_path)
    group = SinkGroup([Journal(tmp_path), keeper])
    going_on = events.live(events.recent + 1)
    group.event("gate", events.new(going_on))
    for event in [events.live() for _ in range(20)]:
        group.event("gate", events.new(event))
        group.event("gate", events.end(event))
    events.eventually(lambda: len(keeper.told) == 41)
    events.eventually(lambda: (tmp_path / NAME).stat().st_size < 2000)
    assert going_on.id in (tmp_path / NAME).read_text()
    group.close(60)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
def test_a_disk_that_takes_nothing_keeps_nobody_from_being_told(
    tmp_path, events, monkeypatch, number
):
    keeper = Keeper(tmp_path)
    group = SinkGroup([Journal(tmp_path), keeper])
    right = os.fdatasync

    def fail(handle):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("edge_vad.sinks.journal.journal_file.os.fdatasync", fail)
    event = events.live()
    group.event("gate", events.new(event))
    events.eventually(lambda: keeper.told)
    assert keeper.told[0].position is None
    assert not group.health_by_name()["journal"].ok
    monkeypatch.setattr("edge_vad.sinks.journal.journal_file.os.fdatasync", right)
    group.event("gate", events.end(event))
    events.eventually(lambda: len(keeper.told) == 2)
    assert keeper.told[1].position is not None
    assert group.health_by_name()["journal"].ok
    group.close(60)


def test_a_full_disk_leaves_no_torn_line(small_disk, fill_disk, events):
    file = JournalFile(small_disk)
    file.append([events.new(events.live())])
    ballast = fill_disk(small_disk)
    many = [events.update(events.live())] * 1000
    with pytest.raises(OSError, match="No space"):
        file.append(many)
    ballast.unlink()
    file.append([events.end(events.live())])
    assert kinds(JournalFile(small_disk).read())[-1] == "end"


def test_a_spool_takes_a_change_once_however_often_it_is_told(tmp_path, events):
    (first, second) = JournalFile(tmp_path).append(
        [events.new(events.live()), events.end(events.live())]
    )
    messages = [
        Message("t", each.kind.value.encode(), "e", None, each.position) for each in (first, second)
    ]
    outbox = Outbox(tmp_path / "spool.sqlite", 10_000)
    outbox.append(messages[:1])
    outbox.done(outbox.waiting(1)[0].seq)
    outbox.close()
    again = Outbox(tmp_path / "spool.sqlite", 10_000)
    again.append(messages)
    again.append(messages)
    assert [each.message.payload for each in again.waiting(9)] == [b"end"]
    again.append(
        [Message("t", b"another journal", "e", None, first.position._replace(journal="x"))]
    )
    assert again.depth == 2
    again.close()
    assert again.depth == 2  # what is left is still known


def test_events_of_a_kind_that_nobody_ended_are_not_forgotten(tmp_path, events):
    group = SinkGroup([Journal(tmp_path), Keeper(tmp_path)])
    group.event("gate", events.new(events.live()))
    group.close(60)
    (left,) = JournalFile(tmp_path).read()
    assert left.kind is ChangeKind.NEW


def test_a_run_that_does_not_begin_leaves_the_journal_of_the_one_before(tmp_path, events):
    JournalFile(tmp_path).append([events.new(events.live())])
    Journal(tmp_path).close(1)
    assert kinds(JournalFile(tmp_path).read()) == ["new"]


def test_a_sink_that_fails_at_what_an_earlier_run_left_ends_nothing_and_is_told(tmp_path, events):
    class Failing(Keeper):
        def replay(self, camera, change):
            raise KeyError(camera)

    JournalFile(tmp_path).append([events.new(events.live())])
    keeper = Keeper(tmp_path)
    journal = Journal(tmp_path)
    group = SinkGroup([journal, Failing(tmp_path), keeper])
    assert kinds(keeper.retold) == ["new", "end"]
    group.close(60)
    assert journal.tallies()[0].lost == 2
    assert (tmp_path / NAME).exists()


def test_events_of_a_camera_that_has_gone_from_the_site_are_told_to_a_broker():
    topics = Topics("edge-vad", ["gate"])
    assert topics.event("back yard", "end") == "edge-vad/back_yard/events/end"
