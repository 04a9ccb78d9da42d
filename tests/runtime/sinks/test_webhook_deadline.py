"""A call has one deadline, whatever the other side does."""

from __future__ import annotations

import http.client
import itertools
import socket
import ssl
import threading
import time
from contextlib import suppress

import pytest

from edge_vad.network.http_client import Target, post
from edge_vad.sinks.settings import WebhookSettings
from edge_vad.sinks.webhook import Webhook

TIMEOUT_S = 0.8
TLS = ssl.create_default_context()


def dripping(*parts):
    """What comes bit by bit, and never ends."""
    return itertools.chain(parts, itertools.repeat(parts[-1])), 0.05


def flooding(part):
    """What comes as fast as it can, and never ends."""
    return itertools.repeat(part), 0.0


CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
BEHAVIOURS = {
    "says nothing": lambda: (iter(()), 0.0),
    "drips its status": lambda: dripping(b"H", b"T"),
    "drips headers": lambda: dripping(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
    "drips one header": lambda: dripping(b"HTTP/1.1 200 OK\r\nX: ", b"y"),
    "says Continue for ever": lambda: dripping(CONTINUE),
    "floods with Continue": lambda: flooding(CONTINUE),
    "floods with headers": lambda: flooding(b"X: y\r\n"),
    "floods without a line": lambda: flooding(b"y" * 1000),
}
TLS_BEHAVIOURS = {
    "says nothing": lambda: (iter(()), 0.0),
    "drips its hello": lambda: dripping(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc", b"\0"),
}


class OtherSide:
    """Takes connections and behaves badly on each."""

    def __init__(self, behave) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._behave = behave
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        self._listener.settimeout(0.05)
        while not self._over.is_set():
            with suppress(OSError):
                caller = self._listener.accept()[0]
                with caller:
                    self._speak(caller)

    def _speak(self, caller: socket.socket) -> None:
        parts, pause_s = self._behave()
        caller.settimeout(60)
        for part in parts:
            caller.sendall(part)
            if self._over.wait(pause_s) if pause_s else self._over.is_set():
                return
        self._over.wait(60)

    def close(self) -> None:
        self._over.set()
        self._thread.join()
        self._listener.close()


@pytest.fixture
def other_side():
    made = []

    def make(behave):
        made.append(OtherSide(behave))
        return made[-1]

    yield make
    for each in made:
        each.close()


def fail_in_time(target: Target, body: bytes = b"{}") -> str:
    """Call somebody who would let us wait for a minute; returns why that failed."""
    began = time.monotonic()
    with pytest.raises((OSError, http.client.HTTPException)) as error:
        post(target, "/", body, {}, TIMEOUT_S)
    assert time.monotonic() - began < 30
    return str(error.value)


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_a_call_ends_in_time_though_the_other_side(other_side, behaviour):
    side = other_side(BEHAVIOURS[behaviour])
    fail_in_time(Target("127.0.0.1", side.port, None))


@pytest.mark.parametrize("behaviour", TLS_BEHAVIOURS)
def test_a_secure_call_ends_in_time_though_the_other_side(other_side, behaviour):
    side = other_side(TLS_BEHAVIOURS[behaviour])
    fail_in_time(Target("127.0.0.1", side.port, TLS))


def test_a_call_ends_in_time_though_the_other_side_does_not_read(other_side):
    side = other_side(lambda: (iter(()), 0.0))
    said = fail_in_time(Target("127.0.0.1", side.port, None), bytes(30_000_000))
    assert "no whole answer within" in said


def test_a_call_ends_in_time_though_no_name_server_answers(monkeypatch):
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: over.wait(60) and [])
    try:
        assert "no whole answer within" in fail_in_time(Target("cam.example", 80, None))
    finally:
        over.set()


def test_an_address_that_does_not_answer_takes_no_time_from_the_next(monkeypatch, other_side):
    side = other_side(lambda: (iter([b"HTTP/1.1 204 None\r\n\r\n"]), 0.0))
    full = socket.create_server(("127.0.0.2", 0), backlog=0)
    with full, socket.create_connection(full.getsockname()):
        found = [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", address)
            for address in (full.getsockname(), ("127.0.0.1", side.port))
        ]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        assert post(Target("cam.example", 80, None), "/", b"{}", {}, 5.0) == 204


def test_a_name_that_is_none_is_an_error_like_others():
    with pytest.raises(OSError, match="no name of a host"):
        post(Target("a" * 70 + ".example", 80, None), "/", b"{}", {}, 60.0)


@pytest.mark.parametrize("behaviour", ["drips headers", "says Continue for ever"])
def test_a_webhook_that_never_finishes_its_answer_is_told(other_side, events, tmp_path, behaviour):
    side = other_side(BEHAVIOURS[behaviour])
    url = f"http://127.0.0.1:{side.port}/"
    hook = Webhook(WebhookSettings(url=url, timeout_s=TIMEOUT_S), tmp_path / "webhook.sqlite")
    try:
        hook.event("gate", events.new(events.live()))
        events.eventually(lambda: not hook.health().ok)
        assert "127.0.0.1 does not answer (no whole answer within 0.8 s)" in hook.health().why
        assert hook.health().depth == 1
    finally:
        hook.close(3)
