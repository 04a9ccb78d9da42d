"""Cameras that refuse are told apart, and not asked until they lock us out."""

from __future__ import annotations

import logging
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from free_port import free_port

from edge_vad.sources.addresses.spec import parse_spec
from edge_vad.sources.capture.capture import Capture
from edge_vad.sources.capture.newest import NewestFrame
from edge_vad.sources.connecting import connector
from edge_vad.sources.feeds.refusal import BUSY_S, REFUSED_S, refusal


class Camera:
    """An HTTP camera that refuses all logins but has nothing at /nothing; it counts both."""

    def __init__(self) -> None:
        self.logins = self.calls = 0
        self.status = 401
        camera = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                camera.calls += 1
                camera.logins += "Authorization" in self.headers
                self.send_response({"/nothing": 404}.get(self.path, camera.status))
                self.send_header("WWW-Authenticate", 'Basic realm="camera"')
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_): ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.place = f"127.0.0.1:{self.server.server_port}"
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self._thread.start()

    def stop(self) -> None:
        self.server.shutdown()
        self._thread.join()
        self.server.server_close()


@pytest.fixture
def camera() -> Iterator[Camera]:
    camera = Camera()
    yield camera
    camera.stop()


def watched(url: str, why: str, caplog: pytest.LogCaptureFixture, then_s: float = 0.0) -> str:
    """Watch an address until that is told, and a little longer; returns what was logged."""
    caplog.set_level(logging.WARNING)
    spec = parse_spec(url)
    capture = Capture("gate", connector(spec, 30.0), NewestFrame())  # type: ignore[arg-type]
    capture.start()
    until = time.monotonic() + 120
    while why not in caplog.text and time.monotonic() < until:
        time.sleep(0.01)
    time.sleep(then_s)
    capture.stop()
    assert capture.join(120)
    assert why in caplog.text
    return caplog.text


def test_a_wrong_password_is_told_and_tried_no_more_than_once(
    camera: Camera, caplog: pytest.LogCaptureFixture
) -> None:
    url = f"http://admin:hunter2@{camera.place}/live"
    said = watched(url, "refuses the login", caplog, 3.0)
    assert camera.logins <= 2
    assert "hunter2" not in said


def test_an_address_with_nothing_there_is_told(
    camera: Camera, caplog: pytest.LogCaptureFixture
) -> None:
    url = f"http://admin:hunter2@{camera.place}/nothing"
    watched(url, "has nothing at this address", caplog)


@pytest.mark.parametrize(
    ("status", "why"),
    [(400, "refuses what"), (410, "refuses what"), (429, "is busy"), (500, "fails"), (503, "busy")],
)
def test_a_camera_that_answers_it_cannot_is_told_and_asked_seldom(
    camera: Camera, caplog: pytest.LogCaptureFixture, status: int, why: str
) -> None:
    camera.status = status
    said = watched(f"http://{camera.place}/live", why, caplog, 1.5)
    assert f"status {status}" in said
    assert camera.calls == 1


@pytest.mark.parametrize(
    ("status", "why"),
    [(400, "refuses what"), (453, "refuses what"), (461, "refuses what"), (503, "fails, or is bu")],
)
def test_an_rtsp_camera_that_answers_it_cannot_is_told_and_asked_seldom(
    caplog: pytest.LogCaptureFixture, status: int, why: str
) -> None:
    with RefusingRtsp(status) as camera:
        watched(f"rtsp://admin:hunter2@{camera.place}/live", why, caplog, 1.5)
    assert camera.calls <= 2  # one by ourselves, to see whether it leads elsewhere


@pytest.mark.parametrize("scheme", ["https", "rtsps"])
def test_a_camera_that_does_not_speak_tls_is_told(
    camera: Camera, caplog: pytest.LogCaptureFixture, scheme: str
) -> None:
    url = f"{scheme}://admin:hunter2@{camera.place}/live"
    watched(url, "does not speak TLS", caplog)


@pytest.mark.parametrize("scheme", ["http", "rtsp"])
def test_a_name_that_nobody_knows_is_told(caplog: pytest.LogCaptureFixture, scheme: str) -> None:
    watched(f"{scheme}://camera.invalid/live", "has a name that is not known here", caplog)


def test_a_page_in_place_of_a_camera_is_told(
    camera: Camera, caplog: pytest.LogCaptureFixture
) -> None:
    camera.status = 200
    watched(f"http://{camera.place}/live", "sends no video", caplog)


class RefusingRtsp:
    """An RTSP camera that says what it can, and then refuses."""

    def __init__(self, status: int) -> None:
        self.status, self.calls = status, 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.place = f"127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def __enter__(self) -> RefusingRtsp:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def _serve(self) -> None:
        with suppress(OSError):  # it was closed
            while True:
                caller, _ = self._listener.accept()
                self.calls += 1
                with caller, suppress(OSError):
                    while asked := caller.recv(4096):
                        caller.sendall(self._answer(asked))

    def _answer(self, asked: bytes) -> bytes:
        number = re.search(rb"CSeq: (\d+)", asked)
        status = b"200" if asked.startswith(b"OPTIONS") else b"%d" % self.status
        return b"RTSP/1.0 %s Said\r\nCSeq: %s\r\n\r\n" % (status, number[1] if number else b"1")


def test_a_dead_port_is_told(caplog: pytest.LogCaptureFixture) -> None:
    watched(f"http://127.0.0.1:{free_port()}/", "refuses the connection", caplog)


@pytest.mark.parametrize(
    ("answer", "why", "patience_s"),
    [
        (b"RTSP/1.0 401 Unauthorized\r\n\r\n", "refuses the login", REFUSED_S),
        (b"RTSP/1.0 403 Forbidden\r\n\r\n", "refuses access", REFUSED_S),
        (b"RTSP/1.0 404 Not Found\r\n\r\n", "has nothing at this address", 0.0),
        (b"RTSP/1.0 200 OK\r\n\r\n", "sends no video", 0.0),
        (b"RTSP/1.0 453 Not Enough Bandwidth\r\n\r\n", "is busy (status 453)", BUSY_S),
        (
            b"RTSP/1.0 461 Unsupported Transport\r\n\r\n",
            "refuses what it is asked for (status 461)",
            BUSY_S,
        ),
        (b"RTSP/1.0 503 Service Unavailable\r\n\r\n", "is busy (status 503)", BUSY_S),
        (b"RTSP/1.0 500 Internal Error\r\n\r\n", "fails, or is busy (status 500)", BUSY_S),
        (b"SSH-2.0-OpenSSH\r\n", "sends no video", 0.0),
        (b"", "sends no video", 0.0),
        (None, "does not answer", 0.0),
    ],
)
def test_what_a_camera_answers_is_told_apart(
    answer: bytes | None, why: str, patience_s: float
) -> None:
    heard, is_told = [], threading.Event()

    def serve() -> None:
        caller, _ = listener.accept()
        with caller:
            heard.append(caller.recv(4096))
            if answer is None:
                is_told.wait(120)
            else:
                caller.sendall(answer)

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        serving = threading.Thread(target=serve)
        serving.start()
        url = f"rtsp://admin:hunter2@127.0.0.1:{listener.getsockname()[1]}/live?channel=1"
        lost = refusal(url, "rtsp://gate", 1.0 if answer is None else 60.0)
        is_told.set()
        serving.join()
    assert str(lost) == f"rtsp://gate {why}"
    assert lost.patience_s == patience_s
    assert heard[0].startswith(b"DESCRIBE rtsp://127.0.0.1:")
    assert b"hunter2" not in heard[0]
