"""The HTTP server, in a thread of its own."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import threading
import time
from contextlib import suppress
from functools import partial
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from edge_vad.errors import BadInput, Unavailable
from edge_vad.sinks.http.connection import LONGEST_S, Phase, TimedConnection
from edge_vad.sinks.http.connection_limiter import ConnectionLimiter

_BACKLOG = 128
_LARGEST_HEAD = 16_384
_GRACE_S = 1
_STARTING_S = 10.0
_log = logging.getLogger(__name__)


def listen(address: str, port: int, what: str = "the page") -> socket.socket:
    """Take a port, before any work begins.

    Args:
        address: Where to listen.
        port: Where to listen.
        what: Is told there.

    Raises:
        BadInput: Somebody listens there already, or the address is not this machine's.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    # Said to be TCP, or asyncio leaves Nagle's algorithm on: 40 ms for every answer.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise BadInput(
            f"{what} cannot be shown at {shown_address(address, port)} ({error.strerror})",
            f"choose another port or address for {what}",
        ) from None
    return listener


def shown_address(address: str, port: int) -> str:
    """Address and port, as they stand in a URL."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


class HttpServer:
    """Serves an application until it is closed, to no more callers than there is room for.

    Args:
        app: The application, guarded.
        listener: The port; closed with the server.
        most: Connections at a time, at most.
        what: Is served, for people.
        context: For TLS; None for none.

    Raises:
        Unavailable: It cannot start.
    """

    def __init__(
        self,
        app: ASGIApp,
        listener: socket.socket,
        most: int,
        what: str,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._what = what
        self._server = _Server(app, listener, most, context)
        self._is_closing = False
        self._thread = threading.Thread(target=self._run, name=what, daemon=True)
        self._thread.start()
        until = time.monotonic() + _STARTING_S
        while not self._server.started and self._thread.is_alive() and time.monotonic() < until:
            time.sleep(0.01)
        if not self._server.started:
            self.close(1.0)
            raise Unavailable(f"{what} cannot be served", "see the log above for the reason")

    @property
    def is_alive(self) -> bool:
        """Whether it still answers."""
        return self._thread.is_alive()

    def wait(self, timeout_s: float) -> bool:
        """Wait for its end; returns whether it has come."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def close(self, timeout_s: float) -> None:
        """End it; harmless when called twice."""
        self._is_closing = self._server.should_exit = True
        self._thread.join(max(0.0, timeout_s))
        self._server.close_listener()

    def _run(self) -> None:
        try:
            self._server.run(sockets=[])  # the doorkeeper accepts
        except BaseException:  # noqa: BLE001 - a server that dies takes nothing with it
            _log.exception("the server of %s failed", self._what)
        if not self._is_closing:
            _log.error("%s is no longer served; the cameras go on", self._what)


class _Server(uvicorn.Server):
    """Uvicorn, with a doorkeeper in place of asyncio's own accepting, which knows no bounds."""

    def __init__(
        self, app: ASGIApp, listener: socket.socket, most: int, context: ssl.SSLContext | None
    ) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                loop="asyncio",
                http=TimedConnection,
                ws="none",
                lifespan="off",
                log_config=None,
                log_level="critical",
                access_log=False,
                proxy_headers=False,
                server_header=False,
                h11_max_incomplete_event_size=_LARGEST_HEAD,
                timeout_keep_alive=int(LONGEST_S[Phase.HEAD]),
                timeout_graceful_shutdown=_GRACE_S,
            )
        )
        self._listener = listener
        connections: Any = self.server_state.connections  # of our own kind
        self.limiter = ConnectionLimiter(listener, connections, most, context)
        self._keeping: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to accept."""
        await super().startup(sockets)
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(_log_error)
        protocol = partial(
            TimedConnection,
            config=self.config,
            server_state=self.server_state,
            app_state=self.lifespan.state,
        )
        self._keeping = loop.create_task(self.limiter.keep(protocol))
        self._keeping.add_done_callback(self._left)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept no more, and end what is under way."""
        if self._keeping:
            self._keeping.cancel()
        await super().shutdown(sockets)

    def _left(self, keeping: asyncio.Task[None]) -> None:
        """Where nobody limits connections, nothing is served."""
        if not keeping.cancelled():
            _log.error("the doorkeeper failed", exc_info=keeping.exception())
            self.should_exit = True

    def close_listener(self) -> None:
        """Give back the port."""
        with suppress(OSError):
            self._listener.close()


def _log_error(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:  # noqa: ARG001
    """Take asyncio's complaints into our own log, which is limited."""
    _log.warning("a connection failed: %s", context.get("exception") or context["message"])
