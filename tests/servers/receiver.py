"""Takes messages that Apprise sends, on a free port of this machine."""

from __future__ import annotations

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

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
