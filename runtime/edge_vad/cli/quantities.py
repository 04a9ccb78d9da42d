"""Times and sizes as they are typed."""

from __future__ import annotations

import re

from edge_vad.errors import WrongUse

_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(s|m|h|d)?")
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, None: 1.0}
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?([MGT])B?", re.IGNORECASE)
_BYTES = {"M": 1e6, "G": 1e9, "T": 1e12}


def parse_duration(text: str | None) -> float | None:
    """Seconds that `90s`, `10m`, `2h`, `1d` or `90` stand for.

    Raises:
        WrongUse: It is no such text.
    """
    if text is None:
        return None
    match = _DURATION.fullmatch(text.strip())
    if not match or not float(match[1]):
        raise WrongUse(f"{text!r} is no duration", "write 90s, 10m, 2h or 1d")
    return float(match[1]) * _SECONDS[match[2]]


def parse_size(text: str) -> int:
    """Bytes that `500MB`, `20GB` or `1TB` stand for.

    Raises:
        WrongUse: It is no such text.

    Example:
        >>> parse_size("1.5GB")
        1500000000
    """
    match = _SIZE.fullmatch(text.strip())
    if not match or not float(match[1]):
        raise WrongUse(f"{text!r} is no size", "write 500MB, 20GB or 1TB")
    return round(float(match[1]) * _BYTES[match[2].upper()])
