"""Puts msgspec's errors about a settings file into words where they are regular expressions."""

from __future__ import annotations

import re

_PATTERN = re.compile(r"expected `str` matching regex '(.*)'", re.IGNORECASE | re.DOTALL)
_CLASS = re.compile(r"\^\[([^\]]+)\]\{(\d+),(\d+)\}\$(?:\(\?!\\n\))?")
_LETTERS = {
    "A-Z": "",
    "a-z": "letters from a to z",
    "0-9": "digits",
    "a-f": "letters from a to f",
    "A-F": "",
}


def explain(message: str) -> str:
    r"""A message of msgspec, without regular expressions.

    Example:
        >>> explain("expected `str` matching regex '^[A-Za-z0-9_-]{1,64}$'")
        'only letters from a to z, digits, _ and - may stand here, 1 to 64 of them'
    """
    return _PATTERN.sub(lambda match: _explain(match[1].replace("\\\\", "\\")), message)


def _explain(pattern: str) -> str:
    simple = _CLASS.fullmatch(pattern)
    if simple is None:
        return "this is no name or address of a host"
    ranges = re.findall(r".-.", simple[1])
    rest = re.sub(r".-.", "", simple[1])
    *most, last = [each for each in map(_LETTERS.__getitem__, ranges) if each] + list(rest)
    listed = f"{', '.join(most)} and {last}" if most else last
    return f"only {listed} may stand here, {simple[2]} to {simple[3]} of them"
