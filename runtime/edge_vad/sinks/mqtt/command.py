"""Parses the commands that others send; nothing in them is trusted."""

from __future__ import annotations

from edge_vad.errors import WrongUse
from edge_vad.false_alarms import parse_rate

_LONGEST = 64


def read_threshold(payload: bytes) -> str:
    """The accepted false alarms that a command asks for, such as `1/day`.

    Raises:
        WrongUse: It is too long, no text or no rate.
    """
    if len(payload) > _LONGEST:
        raise WrongUse(f"a command of {len(payload)} bytes", "write a rate, such as 1/day")
    try:
        text = payload.decode("ascii").strip()
    except UnicodeDecodeError:
        raise WrongUse("a command that is no text", "write a rate, such as 1/day") from None
    parse_rate(text)
    return text
