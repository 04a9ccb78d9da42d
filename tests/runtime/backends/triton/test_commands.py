"""Commands whose frames a server scores."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from edge_vad.backends.triton import patience
from edge_vad.scene_model import SceneModel

pytest.importorskip("tritonclient.grpc", reason="needs edge-vad[triton]")
import grpc

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def scene(tiny_scene: Callable[..., Path]) -> SceneModel:
    return SceneModel.read(tiny_scene("street.onnx"))


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "clip/scores.jsonl").read_text().splitlines()]


def test_a_recording_is_scored_as_by_this_machine(
    edge_vad: Command, scene: SceneModel, clip: Path, serve: Any, tmp_path: Path
) -> None:
    address = f"triton://127.0.0.1:{serve(scene).port}/street"
    assert edge_vad("score", scene.path, clip, "--out", tmp_path / "here").code == 0
    there = edge_vad("score", scene.path, clip, "--out", tmp_path / "there", "--backend", address)
    assert there.code == 0
    here, found = lines(tmp_path / "here"), lines(tmp_path / "there")
    assert [each["score"] for each in found] == pytest.approx([each["score"] for each in here])


def test_a_recording_waits_for_a_server_that_comes_back(
    edge_vad: Command, scene: SceneModel, clip: Path, serve: Any, tmp_path: Path
) -> None:
    server = serve(scene)
    address = f"triton://127.0.0.1:{server.port}/street?deadline=0.2"

    def go_and_come() -> None:
        while server.scored < 5:
            server.came.wait(0.01)
        server.failing = [grpc.StatusCode.UNAVAILABLE] * 4

    going = threading.Thread(target=go_and_come)
    server.came = threading.Event()
    going.start()
    answer = edge_vad("score", scene.path, clip, "--out", tmp_path, "--backend", address, "--json")
    going.join()
    assert answer.code == 0
    (source,) = json.loads(answer.out)["sources"]
    assert source["frames"] == 40
    assert "server away" not in source["unjudged"]


def test_a_recording_ends_with_an_error_where_it_does_not_and_nothing_is_half_written(
    edge_vad: Command,
    scene: SceneModel,
    clip: Path,
    serve: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(patience, "LONGEST_WAIT_S", 0.5)
    server = serve(scene)
    address = f"triton://127.0.0.1:{server.port}/street?deadline=0.2"
    server.allowed = 5
    answer = edge_vad("score", scene.path, clip, "--out", tmp_path / "out", "--backend", address)
    assert answer.code == 4
    assert "does not score" in answer.err
    assert "docs/errors.md#server-away" in answer.err
    assert not (tmp_path / "out/clip/scores.jsonl").exists()


def test_a_live_run_goes_on_and_says_how_many_frames_were_not_judged(
    scene: SceneModel, make: SimpleNamespace, serve: Any, tmp_path: Path
) -> None:
    server = serve(scene)
    server.allowed = 5
    clip = make.avi(tmp_path / "moving.avi", make.movement())
    address = f"triton://127.0.0.1:{server.port}/street"
    words = ["run", scene.path, f"{clip}?realtime=1", "--backend", address, "--json"]
    ended = subprocess.run(
        [sys.executable, "-m", "edge_vad", *map(str, words)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    *told, summary = map(json.loads, ended.stdout.splitlines())
    assert "server away" in [each.get("state") for each in told]
    (camera,) = summary["cameras"]
    assert camera["unjudged"]["server away"] > 0
    assert camera["frames"] <= 5
    assert "frames are not judged" in ended.stderr


@pytest.mark.parametrize(
    ("backend", "why"),
    [
        ("triton://gpu/street?colour=red", "no option 'colour'"),
        ("triton://127.0.0.1:1/street", "does not score"),
        ("quantum", "quantum"),
    ],
)
def test_a_wrong_address_is_an_error_that_says_what_to_do(
    backend: str, why: str, edge_vad: Command, scene: SceneModel, clip: Path, tmp_path: Path
) -> None:
    answer = edge_vad("run", scene.path, clip, "--out", tmp_path / "out", "--backend", backend)
    assert answer.code in (2, 4)
    assert why in answer.err


@pytest.mark.parametrize(
    ("address", "is_good"),
    [("triton://gpu:8001", True), ("triton://gpu/?colour=red", False), ("quantum", False)],
)
def test_a_site_file_says_it_once_for_all_its_scenes(
    address: str, is_good: bool, edge_vad: Command, scene: SceneModel, tmp_path: Path
) -> None:
    site = tmp_path / "site.toml"
    site.write_text(
        f'backend = "{address}"\n[[cameras]]\nname = "gate"\nsource = "0"\nscene = "street.onnx"\n'
    )
    assert (edge_vad("config", "check", site).code == 0) is is_good
