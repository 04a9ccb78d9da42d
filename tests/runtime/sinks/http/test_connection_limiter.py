"""Whoever lets a server wait leaves; whoever says what he wants is heard."""

from __future__ import annotations

import resource
import socket
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from edge_vad.sinks.http.connection import LONGEST_S, Phase
from edge_vad.sinks.http.connection_limiter import _PACE_S, ConnectionLimiter

HALF = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nhalf"
DEAF = b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n"  # and never reads


@pytest.fixture
def impatient(monkeypatch):
    """Deadlines that a test can wait for."""
    for phase in (Phase.HEAD, Phase.BODY, Phase.READING):
        monkeypatch.setitem(LONGEST_S, phase, 1.0)


@pytest.fixture
def patient(monkeypatch):
    """No deadlines: whoever leaves, leaves for a newcomer."""
    for phase in Phase:
        monkeypatch.setitem(LONGEST_S, phase, 3600.0)


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nX: ", HALF, DEAF])
def test_callers_who_hold_connections_keep_nobody_out(server, patient, sent):
    opened = server()
    for _ in range(60):
        opened.hold(sent)
    assert opened.ask() == 200
    assert opened.inside <= opened.limiter.most


GARBLED = b"POST %s HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nZZZ\r\n"


@pytest.mark.parametrize("path", [b"/", b"/missing", b"/missing\xff"])
def test_a_body_that_is_no_http_is_refused_and_no_fault_of_ours(server, patient, log, events, path):
    opened = server()
    for _ in range(5):
        opened.ended_after(opened.hold(GARBLED % path))
    early = opened.hold(GARBLED[:-5] % b"/large")  # its answer has begun when the rest comes
    early.recv(100)
    early.sendall(b"ZZZ\r\n")
    opened.ended_after(early)
    events.eventually(lambda: opened.inside == 0)
    assert opened.ask() == 200
    assert not [each for each in log.records if each.levelname == "ERROR"]


def test_one_caller_takes_half_the_places_and_nobody_takes_all(server, events):
    opened = server(12)
    for _ in range(30):
        opened.hold()
    events.eventually(lambda: opened.inside == 6)
    others = [opened.hold(source="127.0.0.2") for _ in range(30)]
    events.eventually(lambda: opened.inside == 12)
    for _ in range(30):
        assert opened.inside <= 12
        time.sleep(0.01)
    assert opened.ask(source="127.0.0.3") == 200
    assert others


def test_a_place_costs_one_descriptor_and_no_more_than_there_are_places(server, events):
    opened = server(12)
    before = descriptors()
    held = [opened.hold() for _ in range(100)]
    events.eventually(lambda: opened.inside == 6)
    for _ in range(20):
        assert descriptors() - before - len(held) <= opened.limiter.most + 2
        time.sleep(0.01)


def test_where_descriptors_are_few_places_are_fewer(monkeypatch):
    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, 4096))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        assert ConnectionLimiter(listener, (), 64).most == 16


def test_an_idle_connection_is_ended(server, impatient):
    opened, began = server(), time.monotonic()
    opened.ended_after(opened.hold())
    assert time.monotonic() - began > 0.9


def test_a_connection_that_is_idle_after_an_answer_is_ended(server, impatient):
    opened = server()
    opened.ended_after(opened.hold(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"))


@pytest.mark.parametrize(
    ("begun", "drip"),
    [
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n", b"X: y\r\n"),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999\r\n\r\n", b"x"),
        (
            b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"1\r\nx\r\n",
        ),
    ],
)
def test_a_request_that_drips_is_ended(server, impatient, begun, drip):
    opened, began = server(), time.monotonic()
    caller = opened.hold(begun)
    with suppress(ConnectionError):
        while time.monotonic() - began < 60:
            caller.sendall(drip)
            time.sleep(0.1)
    assert 0.9 < time.monotonic() - began < 60


def test_a_caller_who_does_not_read_is_ended_and_one_who_reads_slowly_is_not(server, monkeypatch):
    monkeypatch.setitem(LONGEST_S, Phase.READING, 3.0)
    opened = server()
    asked = b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n"
    deaf, slow = opened.hold(asked), opened.hold(asked)
    read, began = 0, time.monotonic()
    while part := slow.recv(200_000):
        read += len(part)
        if read > opened.large:
            break
        time.sleep(0.1)
    assert read > opened.large
    assert time.monotonic() - began > 3.0  # it had more time than one who does not read
    got = 0
    with suppress(ConnectionError):
        while part := deaf.recv(1_000_000):
            got += len(part)
    assert got < opened.large


def test_an_answer_under_way_is_not_given_up_for_newcomers(server, patient):
    opened = server()
    line = opened.hold(b"GET /slow HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert opened.at_work.wait(60)
    newcomers = [opened.hold() for _ in range(40)]
    opened.ended_after(newcomers[0])  # there was no room for all
    opened.go_on.set()
    answer = b""
    while part := line.recv(65536):
        answer += part
    assert answer.startswith(b"HTTP/1.1 200")


def test_where_no_descriptor_is_left_little_is_logged_and_all_goes_on_afterwards(
    server, log, events
):
    opened, began = server(), time.monotonic()
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    callers = [socket.socket() for _ in range(20)]
    resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors() - 1, limits[1]))
    try:
        for caller in callers:
            caller.connect(("127.0.0.1", opened.port))
        events.eventually(lambda: log.records)
        time.sleep(2.5)
        told = len(log.records)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        for caller in callers:
            caller.close()
    assert told <= 2 + (time.monotonic() - began) / 0.9
    assert "nobody can be let in" in log.text
    assert opened.ask() == 200


def test_a_flood_of_connections_is_let_in_no_faster_than_it_may_cost(server):
    opened = server()
    stop, made = threading.Event(), []

    def flood():
        while not stop.is_set():
            with suppress(OSError):
                socket.create_connection(("127.0.0.1", opened.port), 1).close()
                made.append(1)

    flooding = [threading.Thread(target=flood) for _ in range(2)]
    for each in flooding:
        each.start()
    began = time.monotonic()
    try:
        time.sleep(2)
        let_in, took_s = len(made), time.monotonic() - began
        assert opened.ask() == 200
    finally:
        stop.set()
        for each in flooding:
            each.join()
    assert let_in <= took_s / _PACE_S + 300


def test_no_answer_waits_for_the_kernel_to_fill_a_packet(server, events):
    opened = server()
    opened.hold()
    events.eventually(lambda: opened.inside)
    (connection,) = opened.server._server.server_state.connections
    line = connection.transport.get_extra_info("socket")
    assert line.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_server_that_nobody_keeps_is_told_to_be_closed(server, monkeypatch, events, log):
    def fail(*_):
        raise RuntimeError("odd")

    monkeypatch.setattr(ConnectionLimiter, "_crowd", fail)
    opened = server()
    opened.hold()
    events.eventually(lambda: not opened.server.is_alive)
    assert "the page is no longer served" in log.text
