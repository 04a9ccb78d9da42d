"""Boxes whose pages are served for real, and a page over all of them."""

from __future__ import annotations

import http.client
import json
import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from acting_box import ActingBox
from free_port import free_port

from edge_vad.overview.asking import BoxClient
from edge_vad.overview.following import BoxFollower
from edge_vad.overview.index import EventIndex
from edge_vad.overview.serving import overview
from edge_vad.overview.views import BoxView
from edge_vad.sinks.settings import PageSettings
from edge_vad.site.boxes import SiteBox

TOKEN = "a token of the north box"  # noqa: S105
NOW = float(int(time.time()) - 100_000)


def eventually(condition: Callable[[], object], timeout_s: float = 120.0) -> object:
    """Wait until something holds, and fail where it never does; returns what it was."""
    until = time.monotonic() + timeout_s
    while not (held := condition()):
        assert time.monotonic() < until, "it never came to that"
        time.sleep(0.01)
    return held


class Overview:
    """A page over boxes."""

    def __init__(self, port: int) -> None:
        self.port = port

    def ask(self, path: str, **headers: str) -> Any:
        """One request: status, headers, body and, where it is JSON, its document."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(
                "GET", path, headers={key.replace("_", "-"): said for key, said in headers.items()}
            )
            answer = connection.getresponse()
            body = answer.read()
        finally:
            connection.close()
        kind = answer.headers["content-type"]
        document = json.loads(body) if kind == "application/json" else None
        return SimpleNamespace(
            status=answer.status, headers=answer.headers, body=body, kind=kind, json=document
        )

    def boxes(self) -> dict[str, Any]:
        """Name to how a box is."""
        return {box["name"]: box for box in self.ask("/api/boxes").json["boxes"]}

    def events(self, query: str = "") -> list[dict[str, Any]]:
        """The events that are found."""
        found: list[dict[str, Any]] = self.ask(f"/api/boxes/events?{query}").json["events"]
        return found


@pytest.fixture
def make_box(tmp_path: Path) -> Iterator[Callable[..., tuple[ActingBox, SiteBox]]]:
    """Starts a box: `make_box("north", ["gate"], token=True)`; its store lies in its folder."""
    made = []

    def make(
        name: str, cameras: tuple[str, ...] = (), port: int = 0, **more: Any
    ) -> tuple[ActingBox, SiteBox]:
        port = port or free_port()
        if more.pop("token", False):
            more["token_file"] = str(token_file(tmp_path))
        acting = ActingBox(tmp_path / name, cameras, port=port, **more)
        made.append(acting)
        secure = "s" if "cert_file" in more else ""
        box = SiteBox(
            name=name,
            url=f"http{secure}://localhost:{port}",
            token_file=more.get("token_file"),
            ca=more.get("cert_file"),
        )
        return acting, box

    yield make
    for each in made:
        each.close()


def token_file(folder: Path) -> Path:
    """A file with the token that only its owner may read."""
    file = folder / "north.token"
    file.write_text(TOKEN)
    file.chmod(0o600)
    return file


@pytest.fixture
def follow(tmp_path: Path) -> Iterator[Callable[..., tuple[BoxFollower, EventIndex]]]:
    """Follows a box: `follow(box)`."""
    undo: list[Callable[[], None]] = []

    def start(box: SiteBox, timeout_s: float = 20.0) -> tuple[BoxFollower, EventIndex]:
        index = EventIndex(tmp_path / "index", [box.name])
        client = BoxClient(box, timeout_s)
        follower = BoxFollower(client, BoxView(box.name, box.url), index, 0.02)
        follower.start()
        undo.extend((index.close, lambda: follower.join(60), follower.stop))
        return follower, index

    yield start
    for each in reversed(undo):
        each()


@pytest.fixture
def show(tmp_path: Path) -> Iterator[Callable[..., Overview]]:
    """Serves the page over boxes: `show(box, box, token_file=...)`."""
    open_ones = []

    def start(*boxes: SiteBox, **settings: Any) -> Overview:
        port = free_port()
        shown = overview(PageSettings(port=port, **settings), boxes, tmp_path / "known")
        shown.__enter__()
        open_ones.append(shown)
        return Overview(port)

    yield start
    for each in open_ones:
        each.__exit__(None, None, None)


@pytest.fixture(scope="session")
def boxes() -> SimpleNamespace:
    """The functions and constants above."""
    return SimpleNamespace(eventually=eventually, now=NOW, token=TOKEN, token_file=token_file)


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, "edge_vad")
    return caplog
