"""Exit code 0 if the page of this container answers: its process is there, and not stuck."""

from __future__ import annotations

import os
import sys
from http.client import HTTPConnection, HTTPException

PORT = int(os.environ.get("EDGE_VAD_PAGE_PORT", "8420"))


def is_healthy() -> bool:
    """Ask for the page itself, which is given to everyone and shows nothing."""
    connection = HTTPConnection("127.0.0.1", PORT, timeout=5)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(0 if is_healthy() else 1)
