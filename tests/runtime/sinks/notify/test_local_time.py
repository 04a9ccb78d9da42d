from __future__ import annotations

import time
from datetime import datetime, timezone

import msgspec
import pytest

from edge_vad.sinks.notify.local_time import LocalTime
from edge_vad.sinks.notify_settings import NotifySettings


def local(quiet_hours=None, time_zone="Europe/Berlin"):
    return LocalTime(
        NotifySettings(name="x", address_env="X", quiet_hours=quiet_hours, time_zone=time_zone)
    )


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc).timestamp()


@pytest.mark.parametrize(
    ("at", "is_quiet"),
    [
        ("2026-01-06 20:59", False),  # 21:59 in Berlin
        ("2026-01-06 21:00", True),
        ("2026-01-06 23:30", True),  # past midnight
        ("2026-01-07 05:59", True),
        ("2026-01-07 06:00", False),
        ("2026-07-06 19:59", False),  # in summer an hour earlier
        ("2026-07-06 20:00", True),
        ("2026-07-07 04:59", True),
        ("2026-07-07 05:00", False),
        ("2026-03-29 04:59", True),  # the night that loses an hour ends at 5 UTC
        ("2026-03-29 05:00", False),
        ("2026-10-25 05:59", True),  # the night that gains one ends at 6 UTC
        ("2026-10-25 06:00", False),
    ],
)
def test_quiet_hours_are_by_the_clock_on_the_wall(at, is_quiet):
    assert local("22:00-07:00").is_quiet(utc(at)) is is_quiet


@pytest.mark.parametrize("at", ["2026-10-25 00:30", "2026-10-25 01:30"])
def test_the_hour_that_comes_twice_is_quiet_twice(at):
    assert local("02:00-03:00").is_quiet(utc(at))
    assert not local("03:00-04:00").is_quiet(utc(at))


def test_a_span_within_a_day_ends_before_its_last_minute():
    afternoon = local("13:00-14:30", "UTC")
    quiet = [
        minute for minute in range(24 * 60) if afternoon.is_quiet(utc("2026-01-06") + 60 * minute)
    ]
    assert quiet == list(range(13 * 60, 14 * 60 + 30))


def test_without_a_zone_the_systems_counts(monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert local(None, None).clock(utc("2026-01-06 05:00")) == "14:00:00"
        assert local("14:00-15:00", None).is_quiet(utc("2026-01-06 05:00"))
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_time_of_another_day_is_said_with_its_day():
    now = utc("2026-01-06 05:00")
    assert local().moment(now - 60, now) == "05:59:00"
    assert local().moment(now - 6.5 * 3600, now) == "Jan 05, 23:30:00"


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({}, "one of address_env and address_file"),
        ({"address_env": "A", "address_file": "b"}, "one of address_env and address_file"),
        ({"address_env": "A", "address": "json://hunter2"}, "unknown field `address`"),
        ({"address_env": "A", "quiet_hours": "22-7"}, "written like 22:00-07:00"),
        ({"address_env": "A", "quiet_hours": "24:00-07:00"}, "written like 22:00-07:00"),
        ({"address_env": "A", "quiet_hours": "07:00-07:00"}, "written like 22:00-07:00"),
        ({"address_env": "A", "time_zone": "Mars/Olympus"}, "unknown: write one like Europe"),
        ({"address_env": "A", "time_zone": "../../etc/passwd"}, "unknown: write one like Europe"),
        ({"address_env": "A", "time_zone": "\0"}, "unknown: write one like Europe"),
        ({"address_env": "A", "link": "ftp://a"}, "must begin with http"),
        ({"address_env": "A", "link": "https://us:hunter2@a"}, "must not hold a user"),
        ({"address_env": "A", "max_per_hour": 0}, "max_per_hour"),
    ],
)
def test_what_cannot_be_done_is_refused_in_words(wrong, words):
    with pytest.raises(msgspec.ValidationError, match=words) as error:
        msgspec.convert({"name": "phone", **wrong}, NotifySettings)
    assert "hunter2" not in str(error.value)
