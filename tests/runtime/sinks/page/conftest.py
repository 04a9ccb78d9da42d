"""A page that is served for real, of cameras that only say they are there."""

from __future__ import annotations

import http.client
import json
import logging
import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
import pytest
from openapi_requests import ask_what_is_made_up

from edge_vad.alarms.threshold import level_for
from edge_vad.camera_state import CameraState
from edge_vad.detection import Box, Detection
from edge_vad.errors import WrongUse
from edge_vad.events import CameraStatus, WatchedCamera
from edge_vad.false_alarms import parse_rate
from edge_vad.frame import Frame
from edge_vad.sinks.base import SinkHealth
from edge_vad.sinks.page.sink import Page
from edge_vad.sinks.settings import PageSettings, StoreSettings
from edge_vad.sinks.store import EventStore

TOKEN = "correct horse battery staple"  # noqa: S105
CAMERAS = ("gate", "yard")


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self):
        assert self.headers["content-type"] == "application/json"
        return json.loads(self.body)


def ask(
    port: int, path: str, method: str = "GET", body: object = None, host: str = "127.0.0.1", **more
) -> Answer:
    """One request; `more` are headers, with `_` for `-`."""
    headers = {name.replace("_", "-"): value for name, value in more.items()}
    if body is not None and not isinstance(body, bytes):
        body = json.dumps(body).encode()
    connection = http.client.HTTPConnection(host, port, timeout=60)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        told = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, told, answer.read())
    finally:
        connection.close()


def opened(body: bytes) -> tuple[dict, list[tuple[bytes, np.ndarray]]]:
    """The document of a live answer, and its pictures with their levels."""
    (length,) = struct.unpack_from(">I", body)
    document, at = json.loads(body[4 : 4 + length]), 4 + length
    pictures = []
    for camera in document["cameras"]:
        if head := camera["picture"]:
            jpeg, at = body[at : at + head["jpeg"]], at + head["jpeg"]
            levels, at = body[at : at + head["levels"]], at + head["levels"]
            pictures.append((jpeg, np.frombuffer(levels, np.uint8)))
    assert at == len(body)
    return document, pictures


class ActingSite:
    """Two cameras that say how they are, and take thresholds."""

    def __init__(self, make: SimpleNamespace) -> None:
        self.card = make.card()
        self.cameras = [WatchedCamera(name, self.card, 10.0) for name in CAMERAS]
        self.budget: str | None = None
        self.accepted = dict.fromkeys(CAMERAS, "1/day")
        self.page: Page | None = None

    def status(self):
        return [
            CameraStatus(
                name,
                CameraState.LIVE,
                frames=100,
                dropped=7,
                reconnects=1,
                age_s=0.05,
                decoder="nvdec",
                false_alarms=accepted,
                accepted_per_hour=parse_rate(accepted),
            )
            for name, accepted in self.accepted.items()
        ]

    def false_alarms(self, camera: str) -> str:
        return self.accepted[camera]

    def accept(self, camera: str, false_alarms: str) -> None:
        if camera not in self.accepted:
            raise WrongUse("there is no such camera", "use another")
        level = level_for(false_alarms, 10.0, self.card.normal)
        self.accepted[camera] = level.false_alarms
        assert self.page is not None
        self.page.threshold(camera, level.false_alarms, level.begin)

    def detection(self, grey: int = 90, score: float = 0.5, columns: int = 640) -> Detection:
        """A frame of this instant, with an anomaly in the middle if its score is high."""
        anomaly_map = np.zeros((self.card.grid.rows, self.card.grid.columns), np.float32)
        anomaly_map[2, 3] = score
        image = np.full((columns * 3 // 4, columns, 3), grey, np.uint8)
        box = Box(20, 16, 16, 16) if score >= 2 else None
        return Detection(Frame(image, 0, time.monotonic()), score, 2.0, anomaly_map, box)


class Served(NamedTuple):
    """A page and all that stands behind it."""

    page: Page
    site: ActingSite
    port: int
    folder: Path
    store: EventStore
    health: dict[str, SinkHealth]

    def ask(self, path: str, method: str = "GET", body: object = None, **more) -> Answer:
        return ask(self.port, path, method, body, **more)

    def live(self, pictures: str = "", since: int = 0):
        answer = self.ask(f"/api/live?pictures={pictures}&since={since}")
        assert answer.status == 200, answer.body
        return opened(answer.body)


@pytest.fixture
def serve(tmp_path, make, unused_port, monkeypatch) -> Iterator[Callable[..., Served]]:
    """Serves a page: `serve(token=True, address="0.0.0.0")`."""
    undo = []

    def start(token: bool = False, **settings: object) -> Served:
        if token:
            monkeypatch.setenv("PAGE_TOKEN", TOKEN)
            settings["token_env"] = "PAGE_TOKEN"  # noqa: S105
        site, health = ActingSite(make), {}
        store = EventStore(tmp_path / "watched", StoreSettings())
        undo.append(store.close)
        said = PageSettings(**{"port": unused_port, **settings})
        page = Page(said, store.folder, site, lambda: health)
        undo.append(page.close)
        site.page = page
        for name in CAMERAS:
            page.state(name, CameraState.LIVE, time.time())
            site.accept(name, "1/day")
        return Served(page, site, unused_port, store.folder, store, health)

    yield start
    for close in reversed(undo):
        close(2.0)


@pytest.fixture
def page(serve) -> Served:
    """A page on this machine, without a token."""
    return serve()


@pytest.fixture
def document():
    """The OpenAPI document of the page; made with the extra docs, as every developer has it."""
    made = pytest.importorskip("docs_site.http_api", exc_type=ImportError)
    return made.openapi(made.page_routes())


@pytest.fixture(scope="session")
def web() -> SimpleNamespace:
    """The functions above."""
    return SimpleNamespace(ask=ask, opened=opened, generated=ask_what_is_made_up, token=TOKEN)


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, "edge_vad")
    return caplog
