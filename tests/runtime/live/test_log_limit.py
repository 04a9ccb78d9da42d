"""Nobody can fill a disk by making us log."""

from __future__ import annotations

import io
import logging
import sys

import pytest

from edge_vad.live.log_limit import OF_KIND, OF_SOURCE, WHILE_S, LogLimit
from edge_vad.live.logs import begin_log, end_log

_log = logging.getLogger("edge_vad.live.test_log_limit")


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def written(monkeypatch):
    """What is logged; `written()` ends the log."""
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(logging.getLogger("edge_vad"), "propagate", False)
    handler = begin_log(as_json=False)

    def end():
        end_log(handler)
        return stream.getvalue()

    yield end
    end_log(handler)


def line(text="%s failed", *args):
    return logging.LogRecord("edge_vad", logging.WARNING, "", 0, text, args, None)


def test_a_flood_from_one_source_is_told_in_a_few_lines_and_its_size_is_told(written):
    for number in range(20_000):
        _log.warning("a command for %s is refused: %s", "gate", number)
    told = written()
    assert len(told) < 2000
    assert f"left out {20_000 - OF_SOURCE} more lines like this" in told
    assert "a command for gate is refused: 19999" in told


def test_a_flood_from_ever_new_sources_is_bounded_too(written):
    for number in range(20_000):
        _log.warning("refused %s: the token is wrong", f"10.0.{number // 250}.{number % 250}")
    told = written()
    assert told.count("\n") <= OF_KIND + 1
    assert "left out 19900 more" in told


def test_faults_with_their_traces_are_bounded(written):
    try:
        raise RuntimeError
    except RuntimeError:
        for _ in range(2000):
            _log.exception("%s failed", "clips")
    assert len(written()) < 20_000


def test_a_flood_silences_no_other_source_and_no_other_kind(written):
    for _ in range(10_000):
        _log.warning("%s: no signal", "gate")
    _log.warning("%s: no signal", "yard")
    _log.error("the disk is full")
    told = written()
    assert "yard: no signal" in told
    assert "the disk is full" in told


def test_secrets_are_blotted_out_of_what_was_left_out(written):
    for _ in range(OF_SOURCE + 1):
        _log.warning("%s is lost", "rtsp://admin:hunter2@cam/live")
    assert "left out 1 more" in (told := written())
    assert "hunter2" not in told


def test_after_a_while_lines_pass_again_and_what_was_left_out_is_told_once():
    clock = Clock()
    limit = LogLimit(clock)
    passed = [limit.admits(line("%s failed", "gate")) for _ in range(OF_SOURCE + 5)]
    assert sum(passed) == OF_SOURCE
    assert limit.summaries() == []
    clock.now += WHILE_S
    assert limit.summaries() == ["left out 5 more lines like this: gate failed"]
    assert limit.summaries() == []
    assert limit.admits(line("%s failed", "gate"))


def test_what_is_kept_of_sources_is_bounded():
    limit = LogLimit(Clock())
    for number in range(5000):
        limit.admits(line("%s failed", number))
    assert len(limit._kept) <= 500


def test_what_asyncio_complains_of_is_bounded_too(written):
    for _ in range(2000):
        logging.getLogger("asyncio").warning("socket.send() raised exception.")
    assert written().count("socket.send()") == OF_SOURCE + 1
