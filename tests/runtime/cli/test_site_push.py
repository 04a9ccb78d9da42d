"""Scenes are rolled out to several boxes by commands: the boxes are processes of their own."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from certificate import self_signed
from free_port import free_port

from edge_vad.selftest.small_scene import write_small_scene

SITE = """\
[[cameras]]
name = "gate"
source = "test://street?seed=1&size=128x96&realtime=1"
scene = "gate.onnx"

[sinks.store]
[sinks.page]
port = {port}
deploy_token_file = "deploy-token"
{tls}
[push]
site = "{name}"
keys_file = "{keys}"
"""


def edge_vad(*words: object, folder: Path, ok: bool = True) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "edge_vad", *map(str, words)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (done.returncode == 0) == ok, done.stdout + done.stderr
    return done


def secret(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o600)


@pytest.fixture
def boxes(tmp_path):
    """Two boxes that watch, north by TLS, and one that is away; their list is in this folder."""
    edge_vad("site", "key", "new", "site.key", folder=tmp_path)
    certificate = self_signed(tmp_path, "page", "DNS:localhost")
    listed, running = [], []
    for name in ("north", "south", "away"):
        folder, port = tmp_path / name, free_port()
        folder.mkdir()
        secret(folder / "deploy-token", f"{name}-deploys-scenes-here")
        tls = f'cert_file = "{certificate.cert}"\nkey_file = "{certificate.key}"\n'
        said = {"port": port, "name": name, "keys": tmp_path / "site.key.pub"}
        text = SITE.format(tls=tls if name == "north" else "", **said)
        (folder / "site.toml").write_text(text)
        write_small_scene(folder / "gate.onnx", seed=1)
        scheme, ca = ("https", f'ca = "{certificate.cert}"') if name == "north" else ("http", "")
        host = "localhost" if name == "north" else "127.0.0.1"
        listed.append(
            f'[[boxes]]\nname = "{name}"\nurl = "{scheme}://{host}:{port}"\n'
            f'deploy_token_file = "{name}/deploy-token"\n{ca}\n'
        )
        if name != "away":
            log = (folder / "log").open("w")
            words = [sys.executable, "-m", "edge_vad", "run", "--config", "site.toml"]
            running.append((subprocess.Popen(words, cwd=folder, stdout=log, stderr=log), log))
    (tmp_path / "boxes.toml").write_text("\n".join(listed))
    yield tmp_path
    for process, log in running:
        process.terminate()
        process.wait(60)
        log.close()


def pushed(folder, *words, ok=True):
    """What becomes of a push at each box, by its name."""
    options = ("--to", "boxes.toml", "--key", "site.key", "--json")
    done = edge_vad("site", "push", "scenes", *options, *words, folder=folder, ok=ok)
    return {each["box"]: each for each in json.loads(done.stdout.splitlines()[0])["boxes"]}


def until_up(folder):
    until = time.monotonic() + 120
    while True:
        found = pushed(folder, "--dry-run", ok=False)
        if all(found[name]["outcome"] == "would be pushed" for name in ("north", "south")):
            return found
        assert time.monotonic() < until, found


@pytest.mark.long
def test_scenes_are_pushed_to_many_boxes_and_rolled_back_on_one(boxes):
    (boxes / "scenes/north").mkdir(parents=True)
    write_small_scene(boxes / "scenes/north/gate.onnx", seed=2)
    write_small_scene(boxes / "scenes/gate.onnx", seed=3)
    assert (boxes / "site.key").stat().st_mode & 0o077 == 0
    foreseen = until_up(boxes)
    assert foreseen["away"]["code"] == "unavailable"

    found = pushed(boxes, ok=False)
    assert [each["outcome"] for each in found.values()] == ["taken over", "taken over", "unknown"]
    serial = found["north"]["serial"]
    for name, source in (("north", "scenes/north"), ("south", "scenes")):
        held = boxes / name / f"pushed/{serial}/gate.onnx"
        assert held.read_bytes() == (boxes / source / "gate.onnx").read_bytes()
    table = edge_vad(
        *("site", "push", "scenes", "--to", "boxes.toml", "--key", "site.key"),
        *("--only", "south", "--serial", 7),
        folder=boxes,
        ok=False,
    )
    assert "push-older" in table.stdout
    assert "1 of 1 boxes did not take push 7 over" in table.stderr
    assert "errors.md#push-failed" in table.stderr

    done = edge_vad("site", "rollback", "--config", "north/site.toml", folder=boxes)
    assert f"what held before any push holds now; push {serial} is kept" in done.stdout
    assert 'scene = "gate.onnx"' in (boxes / "north/site.toml").read_text()
    assert pushed(boxes, "--dry-run", "--only", "north")["north"]["serial"] == 0


@pytest.mark.long
def test_a_box_with_another_certificate_gets_no_token(boxes):
    (boxes / "scenes").mkdir()
    write_small_scene(boxes / "scenes/gate.onnx", seed=2)
    until_up(boxes)
    other = self_signed(boxes, "other", "DNS:localhost")
    listed = (boxes / "boxes.toml").read_text().replace(str(boxes / "page.pem"), str(other.cert))
    (boxes / "boxes.toml").write_text(listed)
    found = pushed(boxes, "--only", "north", ok=False)["north"]
    assert (found["outcome"], found["code"]) == ("unknown", "unavailable")
    assert "certificate is not trusted" in found["error"]


def test_what_cannot_be_pushed_is_told_before_anything_is_sent(tmp_path):
    edge_vad("site", "key", "new", "site.key", folder=tmp_path)
    words = ("site", "push", "scenes", "--to", "boxes.toml", "--key", "site.key")
    (tmp_path / "boxes.toml").write_text('[[boxes]]\nname = "a"\nurl = "http://localhost:1"\n')
    assert "no folder scenes" in edge_vad(*words, folder=tmp_path, ok=False).stderr
    (tmp_path / "scenes").mkdir()
    (tmp_path / "scenes/gate.onnx").write_bytes(b"no scene")
    assert "#bad-model" in edge_vad(*words, folder=tmp_path, ok=False).stderr
    write_small_scene(tmp_path / "scenes/gate.onnx")
    assert "no deploy token for a" in edge_vad(*words, folder=tmp_path, ok=False).stdout
    unknown = edge_vad(*words, "--only", "b", folder=tmp_path, ok=False)
    assert "there is no box 'b'" in unknown.stderr
