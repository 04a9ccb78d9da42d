"""The files of the page, read once: nothing that a browser asks for becomes part of a path."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import NamedTuple

_FOLDER = Path(__file__).with_name("files")
_KINDS = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_START = "/index.html"


class Asset(NamedTuple):
    """A file of the page.

    Attributes:
        content: What is in it.
        kind: Its media type.
        tag: Changes with its content.
    """

    content: bytes
    kind: str
    tag: str


def read_assets() -> dict[str, Asset]:
    """All files of the page, by the path under which browsers ask for them."""
    found = {f"/{path.name}": _read(path) for path in _FOLDER.iterdir() if path.suffix in _KINDS}
    return {"/": found.pop(_START), **found}


def _read(path: Path) -> Asset:
    content = path.read_bytes()
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    return Asset(content, _KINDS[path.suffix], tag)
