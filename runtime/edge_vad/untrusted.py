"""What is said of things that others wrote: not too much of it, and no secrets."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

_LONGEST = 200
_LARGEST = 1e9
_ADDRESS = re.compile(r"[:?#=&;%]")


def shorten(text: str) -> str:
    """The text, cut where it is too long to be read, and in one line."""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}..."


def plain(text: str) -> str:
    r"""The text in one short line, without what a terminal would obey.

    Example:
        >>> plain("Gate\x1b[2J\n1")
        'Gate [2J 1'
    """
    return shorten("".join(each if each.isprintable() else " " for each in text))


def shown_path(path: str | Path) -> str:
    """A path as it may be shown: it may be an address with a slip in it, and hold a password.

    Example:
        >>> shown_path("rtsp:/host/x?token=S"), shown_path("admin:pw@host"), shown_path("a/b.mp4")
        ('rtsp:...', '...', 'a/b.mp4')
    """
    text = str(path)
    if "@" in text or "\n" in text:
        return "..."
    plain = _ADDRESS.split(text, maxsplit=1)[0]
    return shorten(text if plain == text else f"{plain}{text[len(plain)]}...")


def refuse_wild_numbers(document: str | bytes) -> None:
    """See to it that a JSON document's numbers are such as can be computed with.

    Raises:
        ValueError: One with a fraction or an exponent is beyond a billion, or it is no JSON.
    """
    waiting = [msgspec.json.decode(document)]
    while waiting:
        value = waiting.pop()
        if isinstance(value, float) and abs(value) > _LARGEST:
            raise ValueError(f"a number of {value:.3g} is beyond all bounds")
        waiting += value.values() if isinstance(value, dict) else ()
        waiting += value if isinstance(value, list) else ()
