"""Pieces of Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_CODE = re.compile(r"(`+[^`]*`+)")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; empty where there are no rows."""
    lines = [" | ".join(map(cell, row)) for row in rows]
    if not lines:
        return ""
    rule = " | ".join("---" for _ in head)
    return "\n".join(f"| {line} |" for line in (" | ".join(head), rule, *lines)) + "\n"


def cell(text: str) -> str:
    """A text on one line of a table; what looks like HTML is shown as it is."""
    parts = _CODE.split(" ".join(text.split()))
    plain = [
        part if number % 2 else part.replace("<", "&lt;").replace("*", r"\*")
        for number, part in enumerate(parts)
    ]
    return "".join(plain).replace("|", r"\|")


def page(title: str, *parts: str) -> str:
    """A page of parts, with the note that nobody writes it."""
    made = "*This page is made from the code.*"
    return "\n\n".join([f"# {title}", made, *(part.strip() for part in parts if part)]) + "\n"


def block(text: str, language: str = "text") -> str:
    """A block of code."""
    return f"```{language}\n{text.strip()}\n```"
