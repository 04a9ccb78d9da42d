"""The lines of keys in a TOML document, for error messages."""

from __future__ import annotations

import re

_HEADER = re.compile(r"^\s*(\[\[?)\s*([\w.\s\"'-]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"^\s*([\w.\"'-]+)\s*=")
_LONGEST_LINE = 1000
"""The patterns take time that grows with its square; no header or key is as long."""
_PART = re.compile(r"\.?([^.\[\]]+)|\[(\d+)\]")


def line_of(text: str, path: str) -> int:
    r"""The line on which a value stands, or the nearest thing around it that has one.

    Reads headers and keys by their looks alone, which is enough for a document that parses.

    Args:
        text: The document.
        path: As msgspec tells it: `$.cameras[1].decision.quiet_s`.

    Returns:
        Counted from 1.

    Example:
        >>> line_of("[[cameras]]\\nname = 'gate'\\nfps = 0", "$.cameras[0].fps")
        3
    """
    wanted = parts_of(path)
    best, best_line = 0, 1
    for place, line in _places(text):
        shared = _shared(place, wanted)
        if shared == len(place) and shared > best:
            best, best_line = shared, line
    return best_line


def parts_of(path: str) -> tuple[str, ...]:
    """The steps of a path, numbers of lists included; steps that name no key are left out."""
    found = _PART.findall(path.removeprefix("$"))
    return tuple(key or number for key, number in found if key != "...")


def _places(text: str) -> list[tuple[tuple[str, ...], int]]:
    """Every header and key with the line it is on."""
    table: tuple[str, ...] = ()
    counts: dict[tuple[str, ...], int] = {}
    places = []
    for number, line in enumerate(text.splitlines(), 1):
        if len(line) > _LONGEST_LINE:
            continue
        if header := _HEADER.match(line):
            names = _names(header[2])
            table = _numbered(names, counts, is_list=header[1] == "[[")
            places.append((table, number))
        elif key := _KEY.match(line):
            places.append(((*table, *_names(key[1])), number))
    return places


def _numbered(
    names: tuple[str, ...], counts: dict[tuple[str, ...], int], *, is_list: bool
) -> tuple[str, ...]:
    """The names with the number of each list's newest element after it."""
    if is_list:
        counts[names] = counts.get(names, -1) + 1
    table: tuple[str, ...] = ()
    for length in range(1, len(names) + 1):
        table = (*table, names[length - 1])
        if names[:length] in counts:
            table = (*table, str(counts[names[:length]]))
    return table


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in text.split("."))


def _shared(first: tuple[str, ...], second: tuple[str, ...]) -> int:
    count = 0
    for one, other in zip(first, second, strict=False):
        if one != other:
            break
        count += 1
    return count
