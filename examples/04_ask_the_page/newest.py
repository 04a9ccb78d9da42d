"""Ask the page for the newest events that nobody has looked at, and mark them as seen.

EDGE_VAD_TOKEN=… python examples/04_ask_the_page/newest.py http://127.0.0.1:8420
"""

from __future__ import annotations

import json
import os
import sys
from urllib.request import Request, urlopen

TIMEOUT_S = 10


def ask(address: str, body: object = None) -> dict[str, object]:
    """Send a request; one with a document is a POST."""
    sent = None if body is None else json.dumps(body).encode()
    token = os.environ.get("EDGE_VAD_TOKEN")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with urlopen(Request(address, sent, headers), timeout=TIMEOUT_S) as answer:
        return json.load(answer)


def main(page: str) -> None:
    """Print a line for each event, newest first."""
    for event in ask(f"{page}/api/events?seen=0&limit=20")["events"]:
        print(f"{event['camera']}: {event['rarity']}")
        ask(f"{page}/api/events/{event['id']}", {"seen": True})


if __name__ == "__main__":
    main(*sys.argv[1:])
