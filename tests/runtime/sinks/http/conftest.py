"""A server with a small application behind it, and callers who behave badly."""

from __future__ import annotations

import http.client
import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from edge_vad.sinks.http.application import application
from edge_vad.sinks.http.auth import Authenticator
from edge_vad.sinks.http.middleware import AccessMiddleware
from edge_vad.sinks.http.server import HttpServer, listen

LARGE = 8_000_000


class RunningServer:
    """A server on this machine, and ways to knock at it."""

    large = LARGE

    def __init__(self, port: int, most: int, context: ssl.SSLContext | None) -> None:
        async def read(request: Request) -> Response:
            return Response(b"%d" % len(await request.body()))

        async def large(request: Request) -> Response:
            return Response(bytes(LARGE))

        async def slow(request: Request) -> Response:
            self.at_work.set()
            await to_thread.run_sync(self.go_on.wait, 60)
            return Response(b"at last")

        routes = [
            Route("/", read, methods=["GET", "POST"]),
            Route("/large", large),
            Route("/slow", slow),
        ]
        guard = AccessMiddleware(application(routes), Authenticator(None), ["localhost"])
        self.port = port
        self.at_work, self.go_on = threading.Event(), threading.Event()
        self.server = HttpServer(guard, listen("127.0.0.1", port), most, "the page", context)
        self.limiter = self.server._server.limiter
        self._held: list[socket.socket] = []

    @property
    def inside(self) -> int:
        return len(self.server._server.server_state.connections)

    def hold(self, sent: bytes = b"", source: str = "127.0.0.1") -> socket.socket:
        """A connection that is held."""
        caller = socket.create_connection(("127.0.0.1", self.port), 60, (source, 0))
        self._held.append(caller)
        caller.sendall(sent)
        return caller

    def ask(self, path: str = "/", source: str = "127.0.0.1") -> int:
        """The status of an answer."""
        line = http.client.HTTPConnection(
            "127.0.0.1", self.port, timeout=60, source_address=(source, 0)
        )
        try:
            line.request("GET", path)
            answer = line.getresponse()
            answer.read()
            return answer.status
        finally:
            line.close()

    @staticmethod
    def ended_after(caller: socket.socket, longest_s: float = 60.0) -> float:
        """Wait until a connection was ended from the other side; returns how long that took, s."""
        began = time.monotonic()
        caller.settimeout(longest_s)
        with suppress(ConnectionError):
            while caller.recv(65536):
                pass
        return time.monotonic() - began

    def close(self) -> None:
        self.go_on.set()
        for caller in self._held:
            caller.close()
        self.server.close(3.0)


@pytest.fixture
def server(unused_port: int) -> Iterator[Callable[..., RunningServer]]:
    made = []

    def make(most: int = 12, context: ssl.SSLContext | None = None) -> RunningServer:
        made.append(RunningServer(unused_port, most, context))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO)
    return caplog
