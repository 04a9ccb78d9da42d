"""Receive the webhook of edge-vad, check its signature, and print each event once.

EDGE_VAD_SECRET=… python examples/03_receive_webhooks/receive.py 8080

The site file says the same secret, in a file:

    [sinks.webhook]
    url = "http://127.0.0.1:8080/"
    secret_file = "secrets/webhook"
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

LARGEST_BODY = 65_536
OLDEST_S = 300.0
SECRET = os.environ["EDGE_VAD_SECRET"].encode()
SEEN: set[str] = set()
"""Changes are delivered at least once: what was sent again is known by its name."""


class Receiver(BaseHTTPRequestHandler):
    """Takes POST requests; everything else is answered with 501."""

    timeout = 10

    def do_POST(self) -> None:
        """Take a change of an event."""
        length = int(self.headers.get("Content-Length") or 0)
        if length > LARGEST_BODY:
            return self.send_error(413)
        body = self.rfile.read(length)
        if not self._is_signed(body):
            return self.send_error(403)
        self._tell(json.loads(body))
        self.send_response(204)
        return self.end_headers()

    def _is_signed(self, body: bytes) -> bool:
        """Whether the sender knows the secret, and sent it now: old requests are not repeated."""
        stamp = self.headers.get("X-Edge-Vad-Timestamp", "")
        if not stamp.isdecimal() or abs(time.time() - int(stamp)) > OLDEST_S:
            return False
        wanted = hmac.new(SECRET, stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
        given = self.headers.get("X-Edge-Vad-Signature", "")
        return hmac.compare_digest(f"sha256={wanted}".encode(), given.encode())

    def _tell(self, event: dict[str, object]) -> None:
        name = self.headers.get("X-Edge-Vad-Event", "")
        if name not in SEEN:
            SEEN.add(name)
            print(f"{event['type']} at {event['camera']}: {event['rarity']}", flush=True)

    def log_message(self, *_: object) -> None:
        """Print no line for every request."""


if __name__ == "__main__":
    with HTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver) as server:
        print(f"waiting at {server.server_port}", flush=True)
        server.serve_forever()
