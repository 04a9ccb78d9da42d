from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_vad.sinks.delivery import Message, Outbox


@pytest.fixture
def path(tmp_path):
    return tmp_path / "outbox.sqlite"


def message(text, event="e", will=None):
    return Message(f"topic/{text}", text.encode(), event, will)


def texts(outbox, most=1000):
    return [each.message.payload.decode() for each in outbox.waiting(most)]


def test_messages_wait_in_order_until_they_are_done(path):
    outbox = Outbox(path, 10_000)
    outbox.append([message(each) for each in "abcd"])
    assert texts(outbox) == ["a", "b", "c", "d"]
    outbox.done(outbox.waiting(2)[-1].seq)
    assert texts(outbox) == ["c", "d"]
    assert outbox.depth == 2
    outbox.close()


def test_what_is_not_done_is_there_after_a_restart(path):
    outbox = Outbox(path, 10_000)
    outbox.append([message("a"), message("b")])
    outbox.done(outbox.waiting(1)[0].seq)
    outbox.close()
    again = Outbox(path, 10_000)
    again.append([message("c")])
    assert texts(again) == ["b", "c"]
    again.close()


def test_the_will_of_an_event_is_sent_when_it_was_left_open(path):
    outbox = Outbox(path, 10_000)
    outbox.append([message("a new", "a", ("will", b"a's will"))])
    outbox.append([message("b new", "b", ("will", b"b's first will"))])
    outbox.append([message("b update", "b", ("will", b"b's will"))])
    outbox.append([message("a end", "a")])
    # Killed: not closed.
    again = Outbox(path, 10_000)
    assert texts(again) == ["a new", "b new", "b update", "a end", "b's will"]
    again.close()
    third = Outbox(path, 10_000)
    assert texts(third)[-1] == "b's will"
    assert third.depth == 5
    third.close()
    outbox.close()


def test_of_too_many_messages_the_oldest_are_lost_and_counted(path):
    outbox = Outbox(path, 1000)
    for number in range(150):
        outbox.append([message(f"{number:010}")])
    left = texts(outbox)
    assert left == [f"{number:010}" for number in range(150 - len(left), 150)]
    assert 90 <= len(left) <= 100
    assert outbox.lost == 150 - len(left)
    outbox.close()


def test_a_damaged_spool_is_set_aside(path):
    path.write_bytes(b"no database at all" * 1000)
    outbox = Outbox(path, 1000)
    outbox.append([message("a")])
    outbox.flush()
    assert texts(outbox) == ["a"]
    assert outbox.why == ""
    assert list(path.parent.glob("outbox.sqlite.broken-*"))
    outbox.close()


@settings(max_examples=40)
@given(steps=st.lists(st.integers(1, 5) | st.sampled_from(["done", "restart"]), max_size=30))
def test_nothing_is_lost_doubled_or_turned_round(tmp_path_factory, steps):
    path = tmp_path_factory.mktemp("outbox") / "outbox.sqlite"
    outbox, sent, done = Outbox(path, 1_000_000), 0, 0
    for step in steps:
        if step == "restart":
            outbox.close()
            outbox = Outbox(path, 1_000_000)
        elif step == "done":
            waiting = outbox.waiting(3)
            if waiting:
                outbox.done(waiting[-1].seq)
                done += len(waiting)
        else:
            outbox.append([message(str(sent + more)) for more in range(step)])
            sent += step
        assert texts(outbox) == [str(number) for number in range(done, sent)]
        assert outbox.depth == sent - done
    outbox.close()
