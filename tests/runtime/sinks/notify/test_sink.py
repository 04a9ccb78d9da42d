from __future__ import annotations

import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_vad.detection import Box
from edge_vad.errors import BadInput
from edge_vad.sinks.notify import sink as notify_sink
from edge_vad.sinks.settings import StoreSettings
from edge_vad.sinks.store import EventStore

HOUR = 3600.0


def arrived(receiver, events, count):
    events.eventually(lambda: len(receiver.messages) >= count, 300)
    return receiver.messages


def test_a_message_of_each_event_says_camera_place_how_rare_and_a_link(
    make_sink, begin, receiver, events
):
    sink = make_sink(link="https://cameras.example")
    event = begin(sink, box=Box(50, 30, 10, 10))
    (message,) = arrived(receiver, events, 1)
    assert message.title == "gate: unusual, lower right"
    assert message.body.splitlines() == [
        "12:00:00, lower right.",
        "A normal scene scores this high about once in 4 days.",
        f"https://cameras.example/#event={event}",
    ]
    assert not message.pictures
    events.eventually(lambda: not sink.health().depth and sink.tallies()[0].done == 1)


def test_fifty_events_in_a_minute_are_ten_messages_and_a_digest(
    make_sink, begin, receiver, clock, events
):
    sink = make_sink()
    for number in range(50):
        begin(sink, f"camera{number}")
        clock.at += 60 / 50
    messages = arrived(receiver, events, 10)
    assert [each.title.partition(":")[0] for each in messages] == [
        f"camera{number}" for number in range(10)
    ]
    *others, last = [each.body for each in messages]
    assert "That is the limit of an hour: more comes as one digest after 13:0" in last
    assert not any("limit" in body for body in others)
    for _ in range(5):  # however long it takes
        clock.at += 600
        time.sleep(0.2)
    assert len(receiver.messages) == 10
    clock.at += 700
    digest = arrived(receiver, events, 11)[10]
    assert digest.title.startswith("40 unusual events: camera10 1, ")
    events.eventually(lambda: not sink.health().depth and sink.tallies()[0].done == 50)
    assert len(receiver.messages) == 11


def test_what_the_limit_let_go_is_known_after_a_restart(make_sink, begin, receiver, clock, events):
    first = make_sink(max_per_hour=2)
    for number in range(4):
        begin(first, f"camera{number}")
    arrived(receiver, events, 2)
    events.eventually(lambda: first.health().depth == 2)
    first.close(2)
    second = make_sink(max_per_hour=2)
    begin(second, "camera4")
    time.sleep(0.5)
    assert len(receiver.messages) == 2
    clock.at += HOUR
    digest = arrived(receiver, events, 3)[2]
    assert digest.title == "3 unusual events: camera2 1, camera3 1, camera4 1"


def test_what_comes_in_quiet_hours_is_a_digest_at_their_end(
    make_sink, begin, receiver, clock, events
):
    clock.at += 9 * HOUR  # 22:00 in Berlin
    sink = make_sink(quiet_hours="22:00-07:00", time_zone="Europe/Berlin")
    for _ in range(3):
        begin(sink)
        clock.at += 2 * HOUR
    events.eventually(lambda: sink.health().depth == 3)
    clock.at += 3 * HOUR - 61  # 06:58:59
    time.sleep(0.5)
    assert not receiver.messages
    assert sink.health().ok
    clock.at += 61
    (digest,) = arrived(receiver, events, 1)
    assert digest.title == "3 unusual events: gate 3"
    assert digest.body.splitlines()[0] == ("Jan 06, 22:00:00 gate, bottom, about once in 4 days")
    begin(sink)
    begin(sink)
    assert arrived(receiver, events, 3)[1].title == "gate: unusual, bottom"


def test_one_event_of_quiet_hours_comes_as_itself(make_sink, begin, receiver, clock, events):
    sink = make_sink(quiet_hours="11:00-13:00")
    begin(sink)
    events.eventually(lambda: sink.health().depth == 1)
    clock.at += HOUR
    assert arrived(receiver, events, 1)[0].title == "gate: unusual, bottom"


def test_nothing_is_lost_and_none_comes_twice_while_the_receiver_is_away_or_we_are(
    make_sink, begin, receiver, events
):
    receiver.stop()
    first = make_sink(max_per_hour=100)
    for number in range(4):
        begin(first, f"camera{number}")
    events.eventually(lambda: "does not answer" in first.health().why and not first.unsaved())
    first.close(2)
    second = make_sink(max_per_hour=100)
    begin(second, "camera4")
    events.eventually(lambda: "127.0.0.1 does not answer" in second.health().why)
    receiver.start()
    messages = arrived(receiver, events, 5)
    events.eventually(lambda: second.health().ok and not second.health().depth)
    assert [each.title.partition(":")[0] for each in messages] == [
        f"camera{number}" for number in range(5)
    ]


@pytest.mark.long
def test_nothing_is_lost_while_the_receiver_is_away_for_a_minute(
    make_sink, begin, receiver, events
):
    receiver.stop()
    sink = make_sink(now=time.time)
    for number in range(50):
        begin(sink, f"camera{number}")
    time.sleep(60)
    assert "does not answer" in sink.health().why
    receiver.start()
    messages = arrived(receiver, events, 10)
    assert [each.title.partition(":")[0] for each in messages] == [
        f"camera{number}" for number in range(10)
    ]
    assert events.eventually(lambda: sink.health().depth == 40)


def test_a_refusal_is_told_with_its_status_and_what_was_refused_is_kept(
    make_sink, begin, receiver, events
):
    receiver.statuses = [401]
    sink = make_sink()
    begin(sink)
    events.eventually(lambda: sink.health().why == "127.0.0.1 answers with status 401")
    arrived(receiver, events, 1)
    events.eventually(lambda: sink.health().ok and not sink.health().depth)


def test_redirections_are_not_followed(make_sink, begin, receiver, events):
    receiver.statuses = [302]
    sink = make_sink()
    begin(sink)
    events.eventually(lambda: "status 302" in sink.health().why)
    arrived(receiver, events, 1)
    assert not [each for each in receiver.seen if "elsewhere" in each.path]


@pytest.fixture
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A store that may take its time to write a picture."""
    monkeypatch.setattr(notify_sink, "_PICTURE_WAIT_S", 120.0)
    store = EventStore(tmp_path, StoreSettings())
    yield store
    store.close(2)


def picture_of(message):
    (jpeg,) = message.pictures
    return cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)


def test_with_picture_the_stores_picture_goes_with_its_box(
    make_sink, stored, clock, receiver, events
):
    sink = make_sink(picture=True)
    event = events.live(clock(), box=Box(400, 200, 300, 200))
    change = events.new(event)
    large = np.full((1080, 1920, 3), 90, np.uint8)
    change = type(change)(change.kind, event, large)
    stored.event("gate", change)
    sink.event("gate", change)
    picture = picture_of(arrived(receiver, events, 1)[0])
    assert picture.shape == (720, 1280, 3)
    assert abs(picture[600, 1200].astype(int) - 90).max() < 10
    edge = picture[133:136, 300:400].astype(int)
    assert abs(edge - 90).max() > 100


def test_without_picture_none_leaves_the_machine(make_sink, stored, clock, receiver, events):
    sink = make_sink()
    change = events.new(events.live(clock()))
    stored.event("gate", change)
    sink.event("gate", change)
    assert not arrived(receiver, events, 1)[0].pictures


def test_a_picture_that_does_not_come_delays_a_message_for_seconds_only(
    make_sink, begin, receiver, events, monkeypatch
):
    monkeypatch.setattr(notify_sink, "_PICTURE_WAIT_S", 0.2)
    begin(make_sink(picture=True))
    assert not arrived(receiver, events, 1)[0].pictures


def test_a_message_that_is_refused_with_its_picture_goes_without(
    make_sink, stored, clock, receiver, events
):
    receiver.statuses = [413]
    sink = make_sink(picture=True)
    change = events.new(events.live(clock()))
    stored.event("gate", change)
    sink.event("gate", change)
    (message,) = arrived(receiver, events, 1)
    assert not message.pictures
    events.eventually(lambda: sink.health().ok)


def test_the_digest_has_the_picture_of_the_rarest(make_sink, stored, clock, receiver, events):
    sink = make_sink(picture=True, quiet_hours="11:00-13:00")
    for grey, per_hour in ((50, 0.1), (150, 0.01), (250, 1.0)):
        event = events.live(clock(), normal_per_hour=per_hour)
        change = type(events.new(event))(events.new(event).kind, event, events.picture(grey))
        stored.event("gate", change)
        sink.event("gate", change)
        clock.at += 1
    events.eventually(lambda: sink.health().depth == 3)
    clock.at += HOUR
    picture = picture_of(arrived(receiver, events, 1)[0])
    assert abs(int(picture[2, 2, 0]) - 150) < 10


def test_a_secret_that_is_not_there_is_named_by_the_entry(make_sink, monkeypatch):
    with pytest.raises(BadInput, match="notify phone: the environment variable NOWHERE"):
        make_sink(address_env="NOWHERE")
