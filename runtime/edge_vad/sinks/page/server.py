"""Listens for browsers, in a thread of its own."""

from __future__ import annotations

import logging
import socket
import threading
import time
from contextlib import suppress

import uvicorn
from starlette.types import ASGIApp

from edge_vad.errors import BadInput, Unavailable

_BACKLOG, _MOST_AT_ONCE = 128, 200
_GRACE_S = 1
_STARTING_S = 10.0
_log = logging.getLogger(__name__)


def listen(address: str, port: int) -> socket.socket:
    """Take a port, before any work begins.

    Raises:
        BadInput: Somebody listens there already, or the address is not this machine's.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise BadInput(
            f"the page cannot be shown at {shown_address(address, port)} ({error.strerror})",
            "choose another port or address for the page",
        ) from None
    return listener


def shown_address(address: str, port: int) -> str:
    """Address and port, as they stand in a URL."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


class PageServer:
    """Serves an application until it is closed.

    Args:
        app: The application.
        listener: The port; closed with the server.

    Raises:
        Unavailable: It cannot start.
    """

    def __init__(self, app: ASGIApp, listener: socket.socket) -> None:
        self._listener = listener
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                loop="asyncio",
                http="h11",
                ws="none",
                lifespan="off",
                log_config=None,
                log_level="critical",
                access_log=False,
                proxy_headers=False,
                server_header=False,
                limit_concurrency=_MOST_AT_ONCE,
                timeout_graceful_shutdown=_GRACE_S,
            )
        )
        self._is_closing = False
        self._thread = threading.Thread(target=self._run, name="page", daemon=True)
        self._thread.start()
        until = time.monotonic() + _STARTING_S
        while not self._server.started and self._thread.is_alive() and time.monotonic() < until:
            time.sleep(0.01)
        if not self._server.started:
            self.close(1.0)
            raise Unavailable("the page cannot be served", "see the log above for the reason")

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
        with suppress(OSError):
            self._listener.close()

    def _run(self) -> None:
        try:
            self._server.run(sockets=[self._listener])
        except BaseException:  # noqa: BLE001 - a page that dies takes nothing with it
            _log.exception("the page's server failed")
        if not self._is_closing:
            _log.error("the page is no longer served; the cameras go on")
