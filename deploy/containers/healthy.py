"""Exit code 0 if the page of this container answers: its process is there, and not stuck."""

from __future__ import annotations

import os
import ssl
import sys
from http.client import HTTPConnection, HTTPException, HTTPSConnection

PORT = int(os.environ.get("EDGE_VAD_PAGE_PORT", "8420"))
TIMEOUT_S = 4.0
"""Of each of the two tries; container files give both ten seconds."""


def unverified() -> ssl.SSLContext:
    """Whose certificate it is does not matter to a container that asks itself."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def answers(connection: HTTPConnection) -> bool:
    """Ask for the page itself, which is given to everyone and shows nothing."""
    try:
        connection.request("GET", "/")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def is_healthy() -> bool:
    """Whether the page answers, with or without a certificate of its own."""
    return answers(HTTPConnection("127.0.0.1", PORT, timeout=TIMEOUT_S)) or answers(
        HTTPSConnection("127.0.0.1", PORT, timeout=TIMEOUT_S, context=unverified())
    )


if __name__ == "__main__":
    sys.exit(0 if is_healthy() else 1)
