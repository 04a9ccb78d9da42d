from __future__ import annotations

import io
import logging
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_vad.errors import WrongUse
from edge_vad.false_alarms import parse_rate
from edge_vad.live.logs import begin_log, end_log
from edge_vad.sinks.mqtt.command import read_threshold
from edge_vad.sinks.mqtt.topics import Topics

RATE_LIKE = st.text("0123456789./ dayhourwkmint-+eE\n", max_size=80).map(str.encode)


def a_rate_or_refused(payload: bytes) -> None:
    try:
        text = read_threshold(payload)
    except WrongUse:
        return
    assert parse_rate(text) > 0
    assert len(text) <= 64


@settings(max_examples=1000)
@given(payload=st.binary(max_size=200) | RATE_LIKE)
def test_a_command_is_a_rate_or_refused(payload):
    a_rate_or_refused(payload)


@pytest.mark.long
@settings(max_examples=10_000)
@given(payload=st.binary(max_size=200) | RATE_LIKE)
def test_ten_thousand_commands_are_rates_or_refused(payload):
    a_rate_or_refused(payload)


@given(topic=st.text(max_size=100))
def test_no_topic_but_a_cameras_own_commands_it(topic):
    topics = Topics("edge-vad", ["gate", "back yard"])
    expected = {
        "edge-vad/gate/threshold/set": "gate",
        "edge-vad/back_yard/threshold/set": "back yard",
    }
    assert topics.commanded(topic) == expected.get(topic)


@given(names=st.lists(st.text(min_size=1, max_size=10), unique=True, max_size=10))
def test_no_two_cameras_share_topics_and_no_name_reaches_beyond_its_own(names):
    topics = Topics("site/1", names)
    states = [topics.state(name) for name in names]
    assert len(set(states)) == len(names)
    for state in states:
        assert state.count("/") == 3
        assert not set(state) & set("+#\0$")


def test_refused_commands_by_the_thousand_fill_no_log(make_sink, unused_port, monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(logging.getLogger("edge_vad"), "propagate", False)
    sink = make_sink(unused_port)
    handler = begin_log(as_json=False)
    try:
        for number in range(10_000):
            sink._handle_command("edge-vad/gate/threshold/set", b"%d/nothing" % number)
    finally:
        end_log(handler)
    said = stream.getvalue()
    assert "a command for gate is refused" in said
    assert "left out" in said
    assert len(said) < 5000
