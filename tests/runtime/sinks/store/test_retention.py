from __future__ import annotations

import os
import sqlite3

import pytest

from edge_vad.sinks.settings import StoreSettings
from edge_vad.sinks.store.media import stem
from edge_vad.sinks.store.retention import Retention
from edge_vad.sinks.store.schema import STORE, prepare, row_of

DAY = 86400.0
NOW = 100 * DAY


class Clocks:
    """A wall clock and a monotonic one, which a test turns."""

    def __init__(self) -> None:
        self.wall, self.monotonic = NOW, 5000.0

    def pass_by(self, seconds):
        self.wall += seconds
        self.monotonic += seconds


@pytest.fixture
def clocks():
    return Clocks()


@pytest.fixture
def connection(tmp_path):
    connection = sqlite3.connect(tmp_path / "events.sqlite")
    prepare(connection)
    yield connection
    connection.close()


@pytest.fixture
def keep(tmp_path, connection, events):
    """Stores an ended event that began so many days ago, with a clip of so many bytes."""

    def store(days_ago, size=0, ongoing=False):
        event = events.live(NOW - days_ago * DAY)
        event = event if ongoing else events.end(event).event
        with connection:
            connection.execute(STORE, row_of(event))
        clip = (tmp_path / stem(event.id)).with_name(f"{event.id}.webm")
        clip.parent.mkdir(parents=True, exist_ok=True)
        clip.write_bytes(b"\0" * size)
        return clip

    return store


@pytest.fixture
def retention(tmp_path, clocks):
    def build(**settings):
        return Retention(
            tmp_path, StoreSettings(**settings), lambda: clocks.wall, lambda: clocks.monotonic
        )

    return build


def left(connection):
    return connection.execute("SELECT count(*) FROM events").fetchone()[0]


def test_old_events_go_with_their_files(keep, connection, retention):
    clips = [keep(days) for days in (40, 31, 29, 1)]
    assert retention(max_age_days=30).collect(connection) == 2
    assert [clip.exists() for clip in clips] == [False, False, True, True]
    assert left(connection) == 2


def test_a_starred_event_does_not_go_for_its_age_and_for_the_size_it_goes_last(
    keep, connection, retention
):
    old, *newer = (keep(days, size=300_000) for days in (40, 4, 3, 2))
    with connection:
        connection.execute("UPDATE events SET starred = 1 WHERE id = ?", (old.stem,))
    assert retention(max_age_days=30).collect(connection) == 0
    assert retention(max_size_mb=1).collect(connection) >= 1
    assert old.exists()
    assert not newer[0].exists()


def test_the_oldest_go_when_there_is_too_much(keep, connection, retention):
    clips = [keep(days, size=300_000) for days in (4, 3, 2, 1)]
    assert retention(max_size_mb=1).collect(connection) == 1
    assert [clip.exists() for clip in clips] == [False, True, True, True]
    assert retention(max_size_mb=1).collect(connection) == 0


def test_what_goes_on_is_never_deleted(keep, connection, retention):
    clip = keep(40, size=2_000_000, ongoing=True)
    assert retention(max_age_days=30, max_size_mb=1).collect(connection) == 0
    assert clip.exists()


def test_a_clock_that_jumps_ahead_deletes_nothing_for_an_hour(keep, connection, retention, clocks):
    keep(1)
    keeper = retention(max_age_days=30)
    clocks.wall += 300 * DAY
    assert keeper.collect(connection) == 0
    clocks.wall -= 300 * DAY  # it was an error, and is set right
    clocks.pass_by(4000)
    assert keeper.collect(connection) == 0
    clocks.wall += 300 * DAY
    assert keeper.collect(connection) == 0
    clocks.pass_by(4000)  # it stays so: it must be right
    assert keeper.collect(connection) == 1


def test_files_of_no_event_go_once_they_are_old(tmp_path, connection, retention, clocks, events):
    orphan = (tmp_path / stem(events.live(NOW).id)).with_suffix(".webm")
    orphan.parent.mkdir(parents=True)
    orphan.write_bytes(b"")
    os.utime(orphan, (clocks.wall - 60, clocks.wall - 60))
    keeper = retention()
    keeper.collect(connection)
    assert orphan.exists()
    clocks.pass_by(2 * 3600)
    keeper.collect(connection)
    assert not orphan.exists()


def test_files_that_are_none_of_ours_are_left_alone(tmp_path, connection, retention):
    stranger = tmp_path / "media" / "2001-01-01" / "holidays.jpg"
    stranger.parent.mkdir(parents=True)
    stranger.write_bytes(b"\0" * 3_000_000)
    os.utime(stranger, (0, 0))
    retention(max_size_mb=1).collect(connection)
    assert stranger.exists()
