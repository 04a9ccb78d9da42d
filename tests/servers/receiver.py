"""Takes what is sent to it by HTTP, on a free port of this machine."""

from __future__ import annotations

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any, NamedTuple

from free_port import free_port

CANARY = "canary4711secret"
"""Stands in every address, and nowhere else."""


class Request(NamedTuple):
    path: str
    headers: dict[str, str]
    body: bytes


class PostServer:
    """Takes POST requests; `statuses` says what it answers next, else 200.

    Attributes:
        seen: All requests.
        taken: The documents of those that were answered with 200.
    """

    def __init__(self) -> None:
        self.statuses: list[int] = []
        self.seen: list[Request] = []
        self.taken: list[Any] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                status = server.take(Request(self.path, dict(self.headers), body))
                self.send_response(status)
                self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_: object) -> None: ...

        self._handler = Handler
        self.port = free_port()
        self.start()

    def take(self, request: Request) -> int:
        """Note a request; the status of the answer."""
        self.seen.append(request)
        status = self.statuses.pop(0) if self.statuses else 200
        if status == 200:
            self.taken.append(json.loads(request.body))
        return status

    def start(self) -> None:
        """Begin; again on the port that it had."""
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), self._handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class Receiver(PostServer):
    """Takes messages that Apprise sends by json:// and ntfy://."""

    secret = CANARY

    @property
    def address(self) -> str:
        return f"json://{CANARY}:{CANARY}@127.0.0.1:{self.port}/{CANARY}"

    @property
    def messages(self) -> list[SimpleNamespace]:
        return [_message(each) for each in self.taken]


def _message(document: dict[str, Any]) -> SimpleNamespace:
    pictures = [base64.b64decode(each["base64"]) for each in document.get("attachments", ())]
    return SimpleNamespace(title=document["title"], body=document["message"], pictures=pictures)
