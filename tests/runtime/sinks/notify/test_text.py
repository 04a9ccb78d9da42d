from __future__ import annotations

import pytest

from edge_vad.detection import Box
from edge_vad.sinks.notify.local_time import LocalTime
from edge_vad.sinks.notify.text import Notice, digest_of, place_of, text_of
from edge_vad.sinks.notify_settings import NotifySettings

TIME = LocalTime(NotifySettings(name="x", address_env="X", time_zone="UTC"))
NOON = 1_767_700_800.0


def notice(number=0, camera="gate", per_hour=0.01, **changes):
    fields = {
        "id": f"event-{number}",
        "camera": camera,
        "start": NOON + number,
        "place": "upper left",
        "box": Box(0, 0, 1, 1),
        "normal_per_hour": per_hour,
        "rarity": "a normal scene scores this high about once in 4 days",
    }
    return Notice(**{**fields, **changes})


@pytest.mark.parametrize(
    ("box", "place"),
    [
        (Box(0, 0, 60, 40), "upper left"),
        (Box(300, 0, 40, 40), "top"),
        (Box(580, 0, 60, 40), "upper right"),
        (Box(0, 160, 60, 40), "left"),
        (Box(300, 160, 40, 40), "centre"),
        (Box(580, 160, 60, 40), "right"),
        (Box(0, 320, 60, 40), "lower left"),
        (Box(300, 320, 40, 40), "bottom"),
        (Box(580, 320, 60, 40), "lower right"),
        (Box(20, 10, 600, 340), "all over the picture"),
        (Box(-50, -50, 10, 10), "upper left"),
        (Box(5000, 5000, 10, 10), "lower right"),
    ],
)
def test_a_place_is_said_as_people_say_it(box, place):
    assert place_of(box, 640, 360) == place


def test_a_message_says_camera_place_time_how_rare_and_where_to_look():
    text = text_of(notice(), TIME, NOON, "https://cameras.example/", "")
    assert text.title == "gate: unusual, upper left"
    assert text.body.splitlines() == [
        "12:00:00, upper left.",
        "A normal scene scores this high about once in 4 days.",
        "https://cameras.example/#event=event-0",
    ]


def test_what_is_not_known_is_not_said():
    text = text_of(notice(place="", rarity=""), TIME, NOON, None, "")
    assert (text.title, text.body) == ("gate: unusual", "12:00:00.")


def test_a_digest_counts_by_camera_and_lists_the_rarest_by_time():
    notices = [notice(number, per_hour=1.0 / (1 + number % 20)) for number in range(30)]
    notices += [notice(40, "yard", None)]
    text = digest_of(notices, TIME, NOON, "https://cameras.example")
    assert text.title == "31 unusual events: gate 30, yard 1"
    first, *lines, link = text.body.splitlines()
    assert first == "From 12:00:00 to 12:00:40. The rarest:"
    assert [line[6:8] for line in lines] == [f"{n:02}" for n in range(10, 20)]
    assert lines[0] == "12:00:10 gate, upper left, about once in 4 days"
    assert link == "https://cameras.example"


def test_a_short_digest_lists_all():
    text = digest_of([notice(1), notice(2)], TIME, NOON, None)
    assert len(text.body.splitlines()) == 2
