"""Real receivers on loopback, and a clock that a test sets."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest

from edge_vad.sinks.notify import sink as notify_sink
from edge_vad.sinks.notify.sink import Notify
from edge_vad.sinks.notify_settings import NotifySettings

CANARY = "canary4711secret"
"""Stands in every address, and nowhere else."""


class Receiver:
    """Takes what json:// and ntfy:// send; `statuses` says what it answers next, else 200."""

    def __init__(self) -> None:
        self.secret = CANARY
        self.messages: list[SimpleNamespace] = []
        self.statuses: list[int] = []
        self.seen: list[str] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                receiver.seen.append(self.path)
                status = receiver.statuses.pop(0) if receiver.statuses else 200
                if status == 200:
                    receiver.messages.append(_message(self.path, body))
                self.send_response(status)
                self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_: object) -> None: ...

        self._handler = Handler
        self.port = 0
        self.start()

    @property
    def address(self) -> str:
        return f"json://{CANARY}:{CANARY}@127.0.0.1:{self.port}/{CANARY}"

    def start(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), self._handler)
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _message(path: str, body: bytes) -> SimpleNamespace:
    document = json.loads(body)
    pictures = [base64.b64decode(each["base64"]) for each in document.get("attachments", ())]
    return SimpleNamespace(
        path=path, title=document["title"], body=document["message"], pictures=pictures
    )


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.stop()


class Clock:
    """Seconds since 1970, as far as a test has set them."""

    def __init__(self, at: float) -> None:
        self.at = at

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock(1_767_700_800.0)  # 2026-01-06, 12:00 UTC


@pytest.fixture
def make_sink(
    receiver: Receiver, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Notify]]:
    """Makes the sink `phone`, which speaks to the receiver where no other address is given."""
    monkeypatch.setattr(notify_sink, "_STEP_S", 0.02)
    made = []

    def make(address: str | None = None, now: Callable[[], float] = clock, **settings: object):
        monkeypatch.setenv("PHONE", address or receiver.address)
        wanted = NotifySettings(
            **{"name": "phone", "address_env": "PHONE", "time_zone": "UTC", **settings}
        )
        sink = Notify(wanted, tmp_path / "spool/notify-phone.sqlite", tmp_path, now)
        made.append(sink)
        return sink

    yield make
    for sink in made:
        sink.close(2)


@pytest.fixture
def begin(clock: Clock, events: SimpleNamespace) -> Callable[..., str]:
    """Lets an event begin now, and end; returns its id."""

    def begin(sink: Notify, camera: str = "gate", **changes: object) -> str:
        event = events.live(clock(), camera, **changes)
        for change in (events.new(event), events.update(event), events.end(event)):
            sink.event(camera, change)
        return event.id

    return begin
