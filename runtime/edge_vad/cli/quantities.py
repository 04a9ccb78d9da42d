"""Numbers, times and sizes as they are typed."""

from __future__ import annotations

import math
import re
from typing import Any

import click

from edge_vad.errors import WrongUse
from edge_vad.untrusted import shorten

_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(s|m|h|d)?")
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, None: 1.0}
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?([MGT])B?", re.IGNORECASE)
_BYTES = {"M": 1e6, "G": 1e9, "T": 1e12}
_LONGEST_S, _LARGEST = 100 * 365 * 86400.0, 1e18


class NumberRange(click.FloatRange):
    """Numbers between bounds; `nan` is neither within nor beyond any, so it is none of them."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number of a text."""
        number = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value!r} is no number.", param, ctx)
        return number


def parse_duration(text: str | None) -> float | None:
    """Seconds that `90s`, `10m`, `2h`, `1d` or `90` stand for.

    Raises:
        WrongUse: It is no such text.
    """
    if text is None:
        return None
    match = _DURATION.fullmatch(text.strip())
    seconds = float(match[1]) * _SECONDS[match[2]] if match else 0.0
    if not 0 < seconds <= _LONGEST_S:
        raise WrongUse(f"{shorten(text)!r} is no duration", "write 90s, 10m, 2h or 1d")
    return seconds


def parse_size(text: str) -> int:
    """Bytes that `500MB`, `20GB` or `1TB` stand for.

    Raises:
        WrongUse: It is no such text.

    Example:
        >>> parse_size("1.5GB")
        1500000000
    """
    match = _SIZE.fullmatch(text.strip())
    size = float(match[1]) * _BYTES[match[2].upper()] if match else 0.0
    if not 0 < size <= _LARGEST:
        raise WrongUse(f"{shorten(text)!r} is no size", "write 500MB, 20GB or 1TB")
    return round(size)
