"""Characters that must be encoded in the user and password of an address."""

from __future__ import annotations

import re

from edge_vad.errors import WrongUse

_AUTHORITY_ENDS = re.compile(r"[/?#]")
ENCODED = {"#": "%23", "/": "%2F", "?": "%3F", "@": "%40"}
HOW = "in user and password write " + ", ".join(f"{a} as {b}" for a, b in ENCODED.items())


def demand_encoded(url: str, shown: str) -> None:
    """Refuse an address whose host is not where it seems to be: `rtsp://admin:12#34@cam/live`.

    What stands before the first `/`, `?` or `#` is taken for the host. Where it looks like user and
    password, and an @ comes later, it is not.

    Args:
        url: The address.
        shown: The same for people.

    Raises:
        WrongUse: It is such an address; nothing of it is repeated.
    """
    rest = url.partition("://")[2]
    end = _AUTHORITY_ENDS.search(rest)
    if end is None or "@" not in rest[end.start() :] or "@" in rest[: end.start()]:
        return
    host, colon, _ = rest[: end.start()].partition(":")
    is_host = "." in host or host.startswith("[") or host == "localhost"
    if end[0] == "#" or (colon and not is_host):
        raise WrongUse(f"the password in {shown} holds a character of its own meaning", HOW)
