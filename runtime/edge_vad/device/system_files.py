"""Reads the small files in which Linux tells about itself; what is absent is None."""

from __future__ import annotations

from pathlib import Path

_LONGEST = 1 << 20


def read_line(path: Path) -> str | None:
    """The content of a file, without blanks around it."""
    try:
        with path.open("rb") as file:
            return file.read(_LONGEST).decode(errors="replace").strip("\0 \n\t")
    except OSError:  # also where a sensor is asleep
        return None


def read_number(path: Path) -> int | None:
    """The whole number in a file."""
    try:
        return int(read_line(path) or "")
    except ValueError:
        return None
