"""Why a network camera could not be opened, which OpenCV does not report."""

from __future__ import annotations

import re
import socket
from urllib.parse import urlsplit

from edge_vad.sources.feeds.feed import FeedLost

REFUSED_S = 60.0
"""Until a login is tried again: cameras lock out who guesses."""
BUSY_S = 5.0
"""Until a camera is asked again that answers it cannot: most of those have too many viewers."""
_PORTS = {"rtsp": 554, "http": 80}
_STATUS = re.compile(rb"(?:RTSP|HTTP)/\d\.\d (\d{3})")
_LONGEST = 4096
_REASONS = {
    401: "refuses the login",
    403: "refuses access",
    404: "has nothing at this address",
}
_BUSY = frozenset({429, 453, 503})
_GROUPS = {4: "refuses what it is asked for", 5: "fails, or is busy"}
_SOME = 99
SOME_REFUSAL, SOME_FAILURE = 400 + _SOME, 500 + _SOME
"""Statuses of which no more is known."""


def refusal(address: str, shown: str, timeout_s: float) -> FeedLost:
    """Ask a camera once more, without the password, and only for what it answers.

    A login that is refused is not tried again for a minute.

    Args:
        address: The camera's, rtsp:// or http://; others are only said not to answer.
        shown: The same for people.
        timeout_s: How long it may take.
    """
    parts = urlsplit(address)
    scheme = parts.scheme.lower()
    if scheme not in _PORTS or not parts.hostname:
        return FeedLost(f"{shown} does not answer")
    place = parts.hostname, parts.port or _PORTS[scheme]
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        status = _status(place, _request(scheme, place, path), timeout_s)
    except ConnectionRefusedError:
        return FeedLost(f"{shown} refuses the connection")
    except OSError:
        return FeedLost(f"{shown} does not answer")
    return refused(shown, status, "sends no video")


def refused(shown: str, status: int, usually: str) -> FeedLost:
    """What the status of an answer means; a login that is refused is not tried again soon.

    Args:
        shown: The camera, for people.
        status: Of HTTP or RTSP, `SOME_REFUSAL` or `SOME_FAILURE`; 0 where there is none.
        usually: What is said of other ones.
    """
    patience_s = REFUSED_S if status in (401, 403) else 0.0
    if status < 400 or status in _REASONS:
        return FeedLost(f"{shown} {_REASONS.get(status, usually)}", patience_s)
    reason = "is busy" if status in _BUSY else _GROUPS.get(status // 100, usually)
    number = f" (status {status})" if status % 100 != _SOME else ""
    return FeedLost(f"{shown} {reason}{number}", BUSY_S)


def _request(scheme: str, place: tuple[str, int], path: str) -> str:
    host = f"[{place[0]}]:{place[1]}" if ":" in place[0] else f"{place[0]}:{place[1]}"
    if scheme == "rtsp":
        return f"DESCRIBE rtsp://{host}{path} RTSP/1.0\r\nCSeq: 1\r\n\r\n"
    return f"GET {path} HTTP/1.0\r\nHost: {host}\r\n\r\n"


def _status(place: tuple[str, int], request: str, timeout_s: float) -> int:
    """The status of the answer; 0 where it is none."""
    with socket.create_connection(place, timeout=timeout_s) as camera:
        camera.sendall(request.encode())
        match = _STATUS.match(camera.recv(_LONGEST))
    return int(match[1]) if match else 0
