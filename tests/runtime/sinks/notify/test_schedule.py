from __future__ import annotations

import random

import pytest

from edge_vad.sinks.notify.local_time import LocalTime
from edge_vad.sinks.notify.schedule import SendSchedule
from edge_vad.sinks.notify_settings import NotifySettings


@pytest.fixture
def make(tmp_path, clock):
    def make(most=3, quiet_hours=None):
        settings = NotifySettings(
            name="x", address_env="X", quiet_hours=quiet_hours, time_zone="UTC"
        )
        return SendSchedule(tmp_path / "schedule.json", most, LocalTime(settings), clock)

    return make


def test_no_sixty_minutes_hold_more_than_the_limit_whatever_restarts(make, clock):
    chance = random.Random(4)  # noqa: S311 - the same every time
    sent, schedule = [], make()
    for _ in range(500):
        clock.at += chance.expovariate(1 / 200)
        if chance.random() < 0.05:
            schedule = make()  # all that it knows is on the disk
        if not schedule.wait_s():
            schedule.count()
            sent.append(clock.at)
    assert len(sent) > 30
    assert all(late - early >= 3600 for early, late in zip(sent, sent[3:], strict=False))


def test_what_did_not_arrive_is_not_counted(make):
    schedule = make(1)
    schedule.count()
    assert schedule.wait_s() == 3600
    schedule.uncount()
    assert schedule.wait_s() == make(1).wait_s() == 0


def test_that_something_was_kept_waiting_survives_a_restart(make):
    schedule = make()
    schedule.hold()
    assert make().held
    schedule.release()
    assert not make().held


def test_a_clock_that_is_set_back_keeps_nothing_waiting_for_longer_than_an_hour(make, clock):
    schedule = make(1)
    schedule.count()
    clock.at -= 1e6
    assert schedule.wait_s() == 3600


def test_quiet_hours_come_before_the_limit(make, clock):
    schedule = make(quiet_hours="11:30-12:30")
    assert schedule.wait_s() > 0
    clock.at += 1800
    assert schedule.wait_s() == 0


@pytest.mark.parametrize("content", [b"", b"{", b'{"sent": "x"}', b"[" * 10_000, b"\xff"])
def test_a_file_that_is_broken_is_begun_anew(make, tmp_path, content):
    (tmp_path / "schedule.json").write_bytes(content)
    assert make().wait_s() == 0


def test_the_file_is_its_owners_alone(make, tmp_path):
    make().count()
    assert (tmp_path / "schedule.json").stat().st_mode & 0o777 == 0o600
