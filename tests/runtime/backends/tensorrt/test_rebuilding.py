"""From an ONNX file to detections by an engine, and on after an update, on a simulated GPU."""

from __future__ import annotations

import json

import msgspec
import pytest

from edge_vad import engine_file
from edge_vad.errors import Unavailable


@pytest.fixture
def scene(tiny_scene):
    return tiny_scene()


def scores(folder) -> list[float]:
    lines = (folder / "scores.jsonl").read_text().splitlines()
    return [json.loads(line)["score"] for line in lines]


def update(gpu, monkeypatch, **changes: str) -> None:
    """The machine is another one from now on."""
    now = msgspec.structs.replace(gpu.fingerprint, **changes)
    for user in ("edge_vad.backends.tensorrt", "edge_vad_export.engines.plan"):
        monkeypatch.setattr(f"{user}.read_fingerprint", lambda: now)


def test_an_engine_is_built_and_watches_as_onnx_runtime_does(
    gpu, edge_vad, scene, clip, tmp_path
) -> None:
    code, out, err = edge_vad("export", scene, "--engine")
    assert (code, err) == (0, "")
    assert "timing cache new" in out
    assert "gpu Orin, compute capability 8.7, driver 540.4.0" in out
    for backend in ("onnxruntime", "tensorrt", "tensorrt-pycuda"):
        words = ("--backend", backend, "--no-video")
        assert edge_vad("run", scene, clip, "--out", tmp_path / backend, *words).code == 0
    reference = scores(tmp_path / "onnxruntime")
    assert max(score for score in reference if score is not None) > 0
    assert scores(tmp_path / "tensorrt") == scores(tmp_path / "tensorrt-pycuda") == reference
    assert gpu.device.live == 0


def test_after_an_update_the_engine_is_refused_and_rebuild_mends_it(
    gpu, edge_vad, scene, clip, tmp_path, monkeypatch
) -> None:
    edge_vad("export", scene, "--engine", "--batch", "1:2:4")
    update(gpu, monkeypatch, tensorrt="10.13.3")
    words = ("run", scene, clip, "--out", tmp_path / "out", "--no-video", "--backend", "tensorrt")
    code, _, err = edge_vad(*words)
    assert code == 3
    assert "TensorRT was 10.3.0 and is 10.13.3" in err
    assert f"edge-vad export {scene} --engine --batch 1:2:4, or add --rebuild" in err
    assert edge_vad(*words, "--rebuild").code == 0
    assert edge_vad(*words).code == 0
    (engine,) = tmp_path.glob("*.engine")
    sidecar = engine_file.read_sidecar(engine)
    assert sidecar.device.tensorrt == "10.13.3"
    assert str(sidecar.options.batch) == "1:2:4"


def test_rebuild_builds_nothing_where_the_engine_belongs_here(
    gpu, edge_vad, scene, clip, tmp_path
) -> None:
    edge_vad("export", scene, "--engine")
    (engine,) = tmp_path.glob("*.engine")
    before = engine.stat().st_mtime_ns
    code, _, _ = edge_vad("run", engine, clip, "--out", tmp_path / "out", "--no-video", "--rebuild")
    assert code == 0
    assert engine.stat().st_mtime_ns == before


def test_the_next_build_uses_the_timings_of_this_one(gpu, edge_vad, scene) -> None:
    edge_vad("export", scene, "--engine")
    _, out, _ = edge_vad("export", scene, "--engine", "--tf32")
    assert "cache miss: other options were chosen" in out
    assert "timing cache kept from earlier builds" in out


@pytest.fixture
def site(gpu, edge_vad, scene, tmp_path, monkeypatch):
    """A site of one camera, whose scene was brought along."""
    pytest.importorskip("torch", reason="init wants what training needs, too")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("edge_vad.cli.first_hour.read_fingerprint", lambda: gpu.fingerprint)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    scene.rename("gate.onnx")
    assert edge_vad("config", "add", "site.toml", "gate=test://street?seed=1").code == 0


def test_the_first_hour_builds_the_engine_of_this_gpu_once(gpu, edge_vad, site, tmp_path) -> None:
    answer = edge_vad("init", "--yes")
    assert answer.code == 0, answer.err
    assert "$ edge-vad export gate.onnx --engine\n" in answer.out
    (engine,) = tmp_path.glob("*.engine")
    built = engine.read_bytes()
    again = edge_vad("init", "--yes")
    assert again.code == 0, again.err
    assert "cache hit" in again.out
    assert engine.read_bytes() == built


def test_the_first_hour_goes_on_without_an_engine_that_cannot_be_built(
    edge_vad, site, tmp_path, monkeypatch
) -> None:
    def unavailable(*_: object) -> None:
        raise Unavailable("there is no room on the GPU", "free some")

    monkeypatch.setattr("edge_vad_export.cli.build_engine", unavailable)
    answer = edge_vad("init", "--yes")
    assert answer.code == 0, answer.err
    assert "no engine: there is no room on the GPU; the site is watched without" in answer.out
    assert answer.out.splitlines()[-1].startswith("next: edge-vad run --config site.toml")
    assert not list(tmp_path.glob("*.engine"))
