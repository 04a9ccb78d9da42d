"""A box that watches two cameras and takes pushes, for real, on loopback; and who pushes to it."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
import onnx
import pytest
from free_port import free_port
from onnx import numpy_helper
from push_site import SITE, TOKENS

from edge_vad.live.factory import Scenes, assemble
from edge_vad.live.loop import LiveLoop
from edge_vad.live.push_desk import RunningPushDesk, desk_of
from edge_vad.live.running_site import RunningSite
from edge_vad.push.folder import SignedPush, read_folder, signed
from edge_vad.push.keys import make_key, read_private
from edge_vad.push.rollout import BoxOutcome, Rollout
from edge_vad.scene_file import append_digest
from edge_vad.sinks.base import Sink
from edge_vad.sinks.page.sink import Page
from edge_vad.sinks.store import EventStore
from edge_vad.site.boxes import SiteBox
from edge_vad.site.reading import read_site


class Answer(NamedTuple):
    status: int
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)


class Counted(Sink):
    """Counts the scored frames of each camera."""

    name = "counted"

    def __init__(self) -> None:
        self.frames: dict[str, int] = {}
        self.states: list[tuple[str, str]] = []

    def state(self, camera, state, at) -> None:
        self.states.append((camera, str(state)))

    def frame(self, camera, detection) -> None:
        self.frames[camera] = self.frames.get(camera, 0) + 1


class WatchedBox:
    """A box that watches, and whoever pushes to it."""

    def __init__(self, folder: Path, port: int, key: Path) -> None:
        self.folder, self.port, self.key = folder, port, key
        self.path = folder / "site.toml"
        self.counted = Counted()
        self.loop: LiveLoop
        self.desk: RunningPushDesk
        self.serial = 1000
        self.tokens, self.eventually = TOKENS, eventually

    def box(self, **changes: object) -> SiteBox:
        said = {
            "name": "north",
            "url": f"http://127.0.0.1:{self.port}",
            "deploy_token_env": "DEPLOY",
        }
        return SiteBox(**(said | changes))

    def push_of(self, scenes: Path, serial: int = 0, key: Path | None = None, **more) -> SignedPush:
        self.serial += 1
        said = {"site": "north", "expires": int(time.time()) + 600} | more
        number = serial or self.serial
        files = read_folder(scenes)
        return signed(scenes, files, serial=number, key=read_private(key or self.key), **said)

    def push(self, push: SignedPush, **box: object) -> BoxOutcome:
        rollout = Rollout(lambda name, stage: None, timeout_s=120)
        (outcome,) = rollout.run([self.box(**box)], lambda _: push, 1)
        return outcome

    def ask(
        self, path: str, method: str = "GET", body: object = None, by: str = "DEPLOY", **more
    ) -> Answer:
        """One request with a token; `more` are headers, with `_` for `-`."""
        headers = {name.replace("_", "-"): value for name, value in more.items()}
        headers |= {"authorization": f"Bearer {TOKENS[by]}"} if by else {}
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return Answer(answer.status, answer.read())
        finally:
            connection.close()

    def pushed(self) -> set[str]:
        """What lies in the folder of pushes."""
        return {each.name for each in (self.folder / "pushed").iterdir()}

    def scenes_shown(self) -> dict[str, str]:
        return {camera.name: camera.scene for camera in read_site(self.path).cameras}

    def sees_on(self, more: int = 3) -> None:
        """Wait until every camera is scored some frames more."""
        before = dict(self.counted.frames)
        eventually(
            lambda: all(
                self.counted.frames.get(name, 0) >= before.get(name, 0) + more
                for name in ("gate", "yard")
            )
        )


def eventually(condition: Callable[[], object]) -> object:
    until = time.monotonic() + 120
    while not (held := condition()):
        assert time.monotonic() < until, "it never came to that"
        time.sleep(0.02)
    return held


@pytest.fixture
def other_scene(tiny_scene, tmp_path) -> Callable[..., Path]:
    """Writes a scene that scores by another factor: `other_scene(folder / "gate.onnx", 2.0)`."""
    count = iter(range(1000))

    def write(path: Path, factor: float = 1.5) -> Path:
        made = tiny_scene()
        model = onnx.load(made)
        node = next(each for each in model.graph.node if "anomaly_map" in each.output)
        node.output[0] = "plain_map"
        name = f"factor{next(count)}"
        value = numpy_helper.from_array(np.array(factor, np.float32), name)
        model.graph.initializer.append(value)
        place = list(model.graph.node).index(node) + 1
        model.graph.node.insert(
            place, onnx.helper.make_node("Mul", ["plain_map", name], ["anomaly_map"])
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(append_digest(model.SerializeToString()))
        return path

    return write


@pytest.fixture
def running_box(tmp_path, tiny_scene, make, monkeypatch) -> Iterator[Callable[..., WatchedBox]]:
    """Starts a box: `running_box()`."""
    for name, token in TOKENS.items():
        monkeypatch.setenv(name, token)
    folder = tmp_path / "box"
    folder.mkdir()
    port = free_port()
    monkeypatch.chdir(folder)
    made = tiny_scene()
    for name in ("gate", "yard"):
        (folder / f"{name}.onnx").write_bytes(made.read_bytes())
        make.avi(folder / f"{name}.avi", make.movement())
    key = tmp_path / "site.key"
    public = make_key(key, "operator")
    (folder / "push.keys").write_text(public.read_text())
    with ExitStack() as undo:

        def start(text: str = SITE) -> WatchedBox:
            box = WatchedBox(folder, port, key)
            if not box.path.exists():
                box.path.write_text(text.replace("{port}", str(port)))
            run = ExitStack()
            undo.callback(run.close)
            site = read_site(box.path)
            scenes = Scenes(site, folder, run)
            box.loop = assemble(site, folder, scenes, lambda: None)
            running = RunningSite(box.path, site, scenes, box.loop)
            desk = desk_of(box.path, site, running, run)
            assert desk
            box.desk, box.stop = desk, run.close
            store = EventStore(folder / "watched", msgspec.convert({}, type(site.sinks.store)))
            page = Page(site.sinks.page, store.folder, box.loop, dict, running, desk)
            sinks = [store, box.counted, page]
            thread = threading.Thread(target=box.loop.run, args=(sinks,), daemon=True)
            thread.start()
            run.callback(thread.join, 120)
            run.callback(box.loop.stop)
            box.sees_on()
            return box

        yield start
