"""Scenes are pushed to a box while it watches: is every frame scored, is every bad push refused?

    python tools/check_push.py [--quiet 20]

A box is a process of its own, `edge-vad run`, with two cameras of the simulated street. While it
watches, pushes come by `edge-vad site push`: an altered scene, an unknown key, an older push, a
scene that fails its selftest, and an upload that is cut; then a good one, and a roll-back. Every
scored frame stands in the box's `events.jsonl`. It passes if every bad push is refused by its code
and changes nothing, the good one and the roll-back are taken over, and both cameras are scored
through all of it: printed are their frames a second and the longest time without one, for each
step. `--quiet` is how long the box is watched before and after, without a push.
"""

from __future__ import annotations

import argparse
import base64
import http.client
import json
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]
sys.path += [str(ROOT / "runtime"), str(ROOT / "tests" / "servers")]

import numpy as np  # noqa: E402
import onnx  # noqa: E402
from free_port import free_port  # noqa: E402

from edge_vad.push.folder import read_folder, signed  # noqa: E402
from edge_vad.push.keys import make_key, read_private  # noqa: E402
from edge_vad.scene_file import append_digest  # noqa: E402
from edge_vad.selftest.small_scene import write_small_scene  # noqa: E402
from edge_vad.site.reading import read_site  # noqa: E402

CAMERAS = ("gate", "yard")
TOKEN = "deploys-scenes-to-the-box"  # noqa: S105 - of a box that lives for minutes
SITE = """\
{cameras}
[sinks.store]
[sinks.jsonl]
frames = true
[sinks.page]
port = {port}
deploy_token_file = "deploy-token"
[push]
site = "north"
keys_file = "push.keys"
"""
CAMERA = """\
[[cameras]]
name = "{name}"
source = "test://street?seed={seed}&size=320x240&fps=8&realtime=1"
scene = "{name}.onnx"
"""
PATIENCE_S = 300.0


class Step(NamedTuple):
    """What was done, when, and whether it went as it should."""

    name: str
    began: float
    ended: float
    found: str
    is_right: bool


class Box:
    """A box, and who pushes to it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder / "box", free_port()
        self.home = folder
        self.folder.mkdir()
        cameras = "\n".join(CAMERA.format(name=name, seed=n) for n, name in enumerate(CAMERAS, 1))
        self.site = self.folder / "site.toml"
        self.site.write_text(SITE.format(cameras=cameras, port=self.port))
        for name in CAMERAS:
            write_small_scene(self.folder / f"{name}.onnx", seed=1)
        _secret(self.folder / "deploy-token", TOKEN)
        public = make_key(folder / "site.key", "operator")
        make_key(folder / "other.key", "somebody")
        (self.folder / "push.keys").write_text(public.read_text())
        (folder / "boxes.toml").write_text(
            f'[[boxes]]\nname = "north"\nurl = "http://127.0.0.1:{self.port}"\n'
            'deploy_token_file = "box/deploy-token"\n'
        )

    @contextmanager
    def watching(self) -> Iterator[None]:
        """The box watches meanwhile."""
        words = [*_PROGRAM, "run", "--config", "site.toml"]
        with (self.home / "box.log").open("w") as log:
            process = subprocess.Popen(words, cwd=self.folder, stdout=log, stderr=log)
            try:
                self.wait(lambda: all(len(self.frames()[name]) > 20 for name in CAMERAS))
                yield
                if process.poll() is not None:
                    raise SystemExit("the box has ended:\n" + (self.home / "box.log").read_text())
            finally:
                process.terminate()
                process.wait(60)

    def wait(self, condition: Callable[[], bool]) -> None:
        """Wait until something holds."""
        until = time.monotonic() + PATIENCE_S
        while not condition():
            if time.monotonic() > until:
                raise SystemExit("it never came to that:\n" + (self.home / "box.log").read_text())
            time.sleep(0.2)

    def frames(self) -> dict[str, list[float]]:
        """When the frames were captured that were scored, by camera; s of the clock of all."""
        found: dict[str, list[float]] = {name: [] for name in CAMERAS}
        files = self.folder / "watched/events.jsonl"
        lines = files.read_bytes().split(b"\n")[:-1] if files.exists() else []
        for line in lines:
            said = json.loads(line)
            if said.get("type") == "frame":
                found[said["camera"]].append(said["time_s"])
        return found

    def push(self, scenes: Path, *options: str, key: str = "site.key") -> dict[str, Any]:
        """What becomes of a push by the command."""
        words = ["site", "push", str(scenes), "--to", "boxes.toml", "--key", key, "--json"]
        done = subprocess.run(
            [*_PROGRAM, *words, *options], cwd=self.home, capture_output=True, text=True
        )
        if not done.stdout:
            raise SystemExit(done.stderr)
        (outcome,) = json.loads(done.stdout.splitlines()[0])["boxes"]
        return outcome

    def push_altered(self, scenes: Path, *, cut: bool = False) -> str:
        """Push by hand, with a bit changed on the way, or cut off; returns its code."""
        files, serial = read_folder(scenes), int(time.time())
        private, until = read_private(self.home / "site.key"), int(time.time()) + 600
        push = signed(scenes, files, "north", serial, until, private)
        offer = {
            "manifest": push.content.decode(),
            "signature": base64.b64encode(push.signature).decode(),
        }
        self._asked("POST", "/api/push", json.dumps(offer).encode())
        content = bytearray(b"".join((scenes / file.name).read_bytes() for file in files))
        content[len(content) // 2] ^= 1
        path = f"/api/push/{serial}/files"
        if not cut:
            return str(self._asked("POST", path, bytes(content))["code"])
        head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {TOKEN}\r\n"
        head += f"Content-Length: {len(content)}\r\n\r\n"
        with socket.create_connection(("127.0.0.1", self.port)) as line:
            line.sendall(head.encode() + content[: len(content) // 2])
            time.sleep(1.0)
        self.wait(lambda: self._latest()["stage"] != "receiving")
        return str(self._latest()["code"])

    def _latest(self) -> dict[str, Any]:
        found: dict[str, Any] = self._asked("GET", "/api/push")["latest"]
        return found

    def _asked(self, method: str, path: str, body: bytes | None = None) -> dict[str, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body, {"Authorization": f"Bearer {TOKEN}"})
            said: dict[str, Any] = json.loads(connection.getresponse().read())
            return said
        finally:
            connection.close()


_PROGRAM = (sys.executable, "-m", "edge_vad")


def _secret(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o600)


def _scenes(folder: Path, seed: int) -> Path:
    folder.mkdir()
    for name in CAMERAS:
        write_small_scene(folder / f"{name}.onnx", seed=seed)
    return folder


def _broken(folder: Path) -> Path:
    """Scenes that every check of the file passes, and that score nothing but NaN."""
    for path in _scenes(folder, 5).iterdir():
        model = onnx.load(path)
        tensor = max(model.graph.initializer, key=lambda each: len(each.raw_data))
        wrong = np.full(onnx.numpy_helper.to_array(tensor).shape, np.nan, np.float32)
        tensor.CopyFrom(onnx.numpy_helper.from_array(wrong, tensor.name))
        metadata = [each for each in model.metadata_props if each.key != "edge-vad.sha256"]
        del model.metadata_props[:]
        model.metadata_props.extend(metadata)
        path.write_bytes(append_digest(model.SerializeToString()))
    return folder


def check(folder: Path, quiet_s: float) -> list[Step]:
    """Do all of it; returns what was done."""
    box, steps = Box(folder), list[Step]()
    good, bad = _scenes(folder / "good", 2), _broken(folder / "bad")

    def step(name: str, wanted: str, do: Callable[[], str]) -> None:
        before, began = box.site.read_bytes(), time.monotonic()
        found = do()
        is_same = box.site.read_bytes() == before
        is_right = found == wanted and (is_same or wanted in ("taken over", "rolled back"))
        steps.append(Step(name, began, time.monotonic(), found, is_right))
        print(f"{name}: {found}", flush=True)

    with box.watching():
        step("no push", "", lambda: time.sleep(quiet_s) or "")  # type: ignore[func-returns-value]
        step("an altered scene", "push-altered", lambda: box.push_altered(good))
        unknown = lambda: str(box.push(good, key="other.key")["code"])  # noqa: E731
        step("an unknown key", "push-unknown-key", unknown)
        step("a scene that fails its selftest", "push-selftest", lambda: box.push(bad)["code"])
        step("an upload cut", "push-incomplete", lambda: box.push_altered(good, cut=True))
        step("a good push", "taken over", lambda: box.push(good)["outcome"])
        older = lambda: str(box.push(good, "--serial", "7")["code"])  # noqa: E731
        step("an older push", "push-older", older)
        step("a roll-back", "rolled back", lambda: _rolled_back(box))
        step("no push afterwards", "", lambda: time.sleep(quiet_s) or "")  # type: ignore[func-returns-value]
    scenes = [camera.scene for camera in read_site(box.site).cameras]
    if scenes != [f"{name}.onnx" for name in CAMERAS]:
        raise SystemExit(f"rolled back to {scenes}")
    _show(box.frames(), steps)
    return steps


def _rolled_back(box: Box) -> str:
    words = [*_PROGRAM, "site", "rollback", "--config", "site.toml", "--json"]
    done = subprocess.run(words, cwd=box.folder, capture_output=True, text=True)
    return "rolled back" if done.returncode == 0 else done.stderr


def _show(frames: dict[str, list[float]], steps: list[Step]) -> None:
    print("\n| step | s | became of it | frames a second: gate; yard | longest time without, s |")
    print("| --- | --- | --- | --- | --- |")
    for each in steps:
        rates, gaps = [], []
        for times in frames.values():
            within = [at for at in times if each.began <= at <= each.ended]
            rates.append(len(within) / (each.ended - each.began))
            ends = [each.began, *within, each.ended]
            gaps.append(max(b - a for a, b in pairwise(ends)))
        shown = "; ".join(f"{rate:.1f}" for rate in rates)
        longest = "; ".join(f"{gap:.1f}" for gap in gaps)
        found = f"`{each.found}`" if each.found.startswith("push-") else each.found
        wrong = "" if each.is_right else " WRONG"
        seconds = each.ended - each.began
        print(f"| {each.name} | {seconds:.0f} | {found}{wrong} | {shown} | {longest} |")


def main() -> None:
    """Check, in a folder that goes afterwards."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quiet", type=float, default=20.0)
    with tempfile.TemporaryDirectory(prefix="edge-vad-push-") as folder:
        steps = check(Path(folder), parser.parse_args().quiet)
    if wrong := [each.name for each in steps if not each.is_right]:
        raise SystemExit(f"not as it should be: {', '.join(wrong)}")
    print("\nEvery bad push was refused, the good one taken over and back, both cameras scored.")


if __name__ == "__main__":
    main()
