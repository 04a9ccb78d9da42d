"""A machine that says it is a box, and answers what it likes."""

from __future__ import annotations

import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any

Answering = Callable[[str, IO[bytes]], None]
"""Answers a request of this path."""


class HostileBox:
    """Listens until it is closed.

    Attributes:
        port: Where.
        requests: The heads of all requests.
        answering: Answers them; may be changed at any time.
    """

    def __init__(self, answering: Answering, context: ssl.SSLContext | None = None) -> None:
        self.requests: list[str] = []
        self.answering = answering
        box = self

        class Handler(socketserver.StreamRequestHandler):
            def setup(self) -> None:
                if context is not None:
                    self.request = context.wrap_socket(self.request, server_side=True)
                super().setup()

            def handle(self) -> None:
                lines = iter(self.rfile.readline, b"\r\n")
                head = b"".join(line for line in lines if line).decode()
                box.requests.append(head)
                box.answering(head.split(" ")[1], self.wfile)

            def finish(self) -> None:
                with suppress(OSError):
                    super().finish()
                self.request.close()

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address, daemon_threads = True, True

            def handle_error(self, *_: Any) -> None:
                """Whoever is asked too much goes."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port: int = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        """End it."""
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def hostile_box(
    answering: Answering, context: ssl.SSLContext | None = None
) -> Iterator[HostileBox]:
    """One that is closed at the end."""
    box = HostileBox(answering, context)
    try:
        yield box
    finally:
        box.close()


def whole(body: bytes, kind: str = "application/json", status: str = "200 OK") -> bytes:
    """An answer as it should be."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body
