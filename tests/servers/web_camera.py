"""A camera by HTTP: motion JPEG, again and again, on a free port of this machine."""

from __future__ import annotations

import http.server
import itertools
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress


class _Camera(http.server.BaseHTTPRequestHandler):
    pictures: Sequence[bytes]

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "multipart/x-mixed-replace; boundary=next")
        self.end_headers()
        with suppress(OSError):  # whoever watches may leave
            for picture in itertools.cycle(self.pictures):
                head = f"--next\r\ncontent-type: image/jpeg\r\ncontent-length: {len(picture)}\r\n"
                self.wfile.write(head.encode() + b"\r\n" + picture + b"\r\n")
                time.sleep(0.1)

    def log_message(self, *_: object) -> None: ...


@contextmanager
def web_camera(pictures: Sequence[bytes]) -> Iterator[str]:
    """Send JPEG pictures, ten a second; the camera's address, with a password in it."""
    handler = type("Handler", (_Camera,), {"pictures": pictures})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://admin:hunter2@127.0.0.1:{server.server_address[1]}/live.mjpg"
    server.shutdown()
    server.server_close()
    thread.join(60)
