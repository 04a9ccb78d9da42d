"""Names for events that are unique and sort by time."""

from __future__ import annotations

import hashlib
import secrets
import uuid

_VERSION_7, _VARIANT = 0x7 << 76, 0x2 << 62


def event_id(at: float) -> str:
    """A UUID of version 7 (RFC 9562): its first 48 bits are milliseconds since 1970.

    Args:
        at: Seconds since 1970.

    Example:
        >>> event_id(1e9)[:13]
        '00e8d4a5-1000'
    """
    return _uuid(at, secrets.randbits(74))


def event_id_of(at: float, name: str) -> str:
    """The same for an event of a recording, which has one id however often it is found.

    Args:
        at: Seconds since 1970.
        name: What tells it from all other events.

    Example:
        >>> event_id_of(1e9, "clip/1") == event_id_of(1e9, "clip/1") != event_id_of(1e9, "clip/2")
        True
    """
    digest = hashlib.sha256(name.encode()).digest()
    return _uuid(at, int.from_bytes(digest, "big") & (1 << 74) - 1)


def _uuid(at: float, random: int) -> str:
    milliseconds = max(0, int(at * 1000)) & (1 << 48) - 1
    high, low = random >> 62, random & (1 << 62) - 1
    return str(uuid.UUID(int=milliseconds << 80 | _VERSION_7 | high << 64 | _VARIANT | low))
