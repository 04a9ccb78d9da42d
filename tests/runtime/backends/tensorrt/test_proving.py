"""Engines are held to single precision before they are kept, on a simulated GPU."""

from __future__ import annotations

import json

import numpy as np
import pytest

from edge_vad import engine_file
from edge_vad.backends.tensorrt import TensorRtBackend


@pytest.fixture
def out(tmp_path):
    return tmp_path / "street" / "scene.onnx"


def exported(out):
    return {each.name for each in out.parent.iterdir()}


ENGINE = "scene.tensorrt-jetson-orin-nx-sm87.engine"


def test_an_engine_in_one_go_is_compared_on_the_frames_of_the_training(
    gpu, edge_vad, trained, out
) -> None:
    code, told, err = edge_vad("export", trained, "--out", out, "--engine")
    assert (code, err) == (0, "")
    assert "fp32 tensorrt Orin" in told
    assert "not compared" not in told
    (reference, engine) = engine_file.read_sidecar(out.with_name(ENGINE)).proof
    assert (reference["backend"], engine["backend"]) == ("onnxruntime", "tensorrt")
    assert engine["frames"] == 8
    assert engine["map_error"] < 1e-7  # it adds up the frame as numbers, a CPU as bytes
    assert gpu.device.live == 0


@pytest.mark.long
def test_json_has_the_scene_the_engine_and_both_proofs(gpu, edge_vad, trained, out) -> None:
    code, told, _ = edge_vad("export", trained, "--out", out, "--engine", "--json")
    told = json.loads(told)
    assert code == 0
    assert (told["scene"], told["engine"]) == (str(out), str(out.with_name(ENGINE)))
    assert [row["backend"] for row in told["proof"]] == ["onnxruntime"]
    assert [row["backend"] for row in told["engine_proof"]] == ["onnxruntime", "tensorrt"]


def test_an_engine_that_is_too_far_off_is_kept_under_another_name(
    gpu, edge_vad, trained, out, monkeypatch
) -> None:
    infer = TensorRtBackend.infer

    def infer_badly(self, inputs):
        maps = infer(self, inputs)
        return maps._replace(score=maps.score + np.float32(10))

    monkeypatch.setattr(TensorRtBackend, "infer", infer_badly)
    code, told, err = edge_vad("export", trained, "--out", out, "--engine")
    assert code == 1
    assert "next:" not in told
    assert "error: fp32 on tensorrt (Orin) shifts scores by up to" in err
    assert f"it is kept as {out.with_name(ENGINE)}.rejected" in err
    assert exported(out) == {"scene.onnx", f"{ENGINE}.rejected"}
    assert gpu.device.live == 0


@pytest.mark.long
def test_an_engine_for_batches_alone_is_not_compared_and_says_so(
    gpu, edge_vad, trained, out
) -> None:
    code, told, _ = edge_vad("export", trained, "--out", out, "--engine", "--batch", "4")
    assert code == 0
    assert f"not compared with single precision yet: edge-vad verify {out} --engine" in told


def test_verify_compares_an_engine_at_any_later_time(gpu, edge_vad, tiny_scene, clip) -> None:
    scene = tiny_scene()
    edge_vad("export", scene, "--engine")
    (engine,) = scene.parent.glob("*.engine")
    code, told, _ = edge_vad("verify", scene, "--engine", engine, "--frames", clip, "--json")
    assert code == 0
    rows = json.loads(told)["proof"]
    assert [row["backend"] for row in rows] == ["onnxruntime", "tensorrt"]
    assert rows[1]["frames"] == 39


def test_verify_reaches_the_gpu_through_pycuda_where_that_is_all_there_is(
    gpu, edge_vad, tiny_scene, clip, monkeypatch
) -> None:
    import sys

    monkeypatch.setattr(
        "edge_vad.backends.cuda.package_version", lambda name: "1" if name == "pycuda" else None
    )
    monkeypatch.setitem(sys.modules, "cuda.bindings", None)
    scene = tiny_scene()
    edge_vad("export", scene, "--engine")
    (engine,) = scene.parent.glob("*.engine")
    words = ("verify", scene, "--engine", engine, "--frames", clip)
    assert edge_vad(*words).code == 0
