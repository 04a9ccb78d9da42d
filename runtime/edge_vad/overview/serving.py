"""Follows all boxes and serves the page over them."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from edge_vad.overview.app import FollowedBox, OverviewApp
from edge_vad.overview.asking import BoxClient
from edge_vad.overview.following import BoxFollower
from edge_vad.overview.index import EventIndex
from edge_vad.overview.media import BoxMedia
from edge_vad.overview.views import BoxView
from edge_vad.sinks.http.server import HttpServer
from edge_vad.sinks.page.server import serve_app
from edge_vad.sinks.settings import PageSettings
from edge_vad.site.boxes import SiteBox

_EVERY_S, _EVERY_OF_BOX_S = 2.0, 0.1
"""Between two questions to a box, at least; and for each of many boxes, as TLS costs time here."""
_CLOSING_S = 2.0


@contextmanager
def overview(
    settings: PageSettings, boxes: Sequence[SiteBox], folder: Path | None
) -> Iterator[HttpServer]:
    """Follow all boxes and serve the page over them.

    Args:
        settings: Where the page is, and for whom.
        boxes: The boxes.
        folder: Where what is known is kept, so that the next start has it; None: nowhere.

    Raises:
        BadInput: The port is taken; a token, a certificate or the folder is not as it should be.
        Unavailable: The server cannot start.
    """
    clients = [BoxClient(box) for box in boxes]
    with _folder(folder) as kept:
        index = EventIndex(kept, [box.name for box in boxes])
        followed = {
            box.name: _followed(box, client, index, _pause_s(len(boxes)))
            for box, client in zip(boxes, clients, strict=True)
        }
        server = serve_app(
            settings, kept, lambda access: OverviewApp(followed, index, access).routes()
        )
        try:
            for each in followed.values():
                each.follower.start()
            yield server
        finally:
            server.close(_CLOSING_S)
            _end([each.follower for each in followed.values()])
            index.close()


def _followed(box: SiteBox, client: BoxClient, index: EventIndex, pause_s: float) -> FollowedBox:
    view = BoxView(box.name, box.url)
    return FollowedBox(BoxFollower(client, view, index, pause_s), BoxMedia(box.name, client))


def _pause_s(boxes: int) -> float:
    return max(_EVERY_S, _EVERY_OF_BOX_S * boxes)


def _end(followers: Sequence[BoxFollower]) -> None:
    """End all; one that waits for its box is left behind, and does nothing more."""
    for each in followers:
        each.stop()
    until = time.monotonic() + _CLOSING_S
    for each in followers:
        each.join(until - time.monotonic())


@contextmanager
def _folder(folder: Path | None) -> Iterator[Path]:
    if folder is not None:
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="edge-vad-") as made:
        yield Path(made)
