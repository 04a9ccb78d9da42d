"""The files of the page, read once: nothing that a browser asks for becomes part of a path."""

from __future__ import annotations

import hashlib
from functools import partial
from pathlib import Path
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from edge_vad.sinks.http.operation import operation

_FOLDER = Path(__file__).with_name("files")
_KINDS = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


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


def asset_routes(start: str) -> list[Route]:
    """A route for every file of a page.

    Args:
        start: Name of the document that the page begins with; there is no other.
    """
    return [
        Route(path, partial(_send, asset), methods=["GET"])
        for path, asset in read_assets(start).items()
    ]


def read_assets(start: str) -> dict[str, Asset]:
    """All files of a page, by the path under which browsers ask for them; see `asset_routes`."""
    kinds = _KINDS.keys() - {".html"}
    found = {f"/{path.name}": _read(path) for path in _FOLDER.iterdir() if path.suffix in kinds}
    return {"/": _read(_FOLDER / start), **found}


def _read(path: Path) -> Asset:
    content = path.read_bytes()
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    return Asset(content, _KINDS[path.suffix], tag)


@operation(kinds=tuple(_KINDS.values()), statuses=(304,))
async def _send(asset: Asset, request: Request) -> Response:
    """Send a file of the page."""
    headers = {"etag": asset.tag, "cache-control": "no-cache"}
    if request.headers.get("if-none-match") == asset.tag:
        return Response(status_code=304, headers=headers)
    return Response(asset.content, media_type=asset.kind, headers=headers)
