"""edge-vad export --engine, as it is typed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from edge_vad import engine_file

Command = Callable[..., tuple[int, str, str]]
FOR = ("--engine", "--target", "rtx", "--compute-capability", "8.9")
pytestmark = pytest.mark.usefixtures("rtx")


@pytest.mark.parametrize("precision", ["fp16", "int8"])
def test_an_engine_is_built_without_a_gpu(edge_vad: Command, write, precision: str) -> None:
    path = write(precision)
    code, out, err = edge_vad("export", path, *FOR)
    assert (code, err) == (0, "")
    engine = path.with_name(f"street.{precision}.rtx-sm89.engine")
    assert out.startswith(f"{engine}: ")
    assert "for compute capability 8.9, tensorrt rtx 1." in out
    assert "cache miss: there is none yet" in out
    assert "\n  energy and the rest: " in out
    assert out.endswith(
        f"edge-vad run {path} SOURCE --out watched/{path.stem} --backend tensorrt-rtx\n"
    )
    assert engine_file.read_sidecar(engine).layers


def test_a_training_becomes_a_scene_and_an_engine_in_one_go(
    edge_vad: Command, trained: Path, tmp_path: Path
) -> None:
    path = tmp_path / "scene.onnx"
    code, out, _ = edge_vad("export", trained, "--out", path, *FOR, "--json")
    assert code == 0
    assert json.loads(out)["engine"] == str(tmp_path / "scene.rtx-sm89.engine")
    assert path.exists()


@pytest.mark.parametrize("words", [("--engine",), ("--engine", "--target", "rtx")])
def test_where_there_is_no_device_no_scene_is_made_either(
    edge_vad: Command, trained: Path, tmp_path: Path, words
) -> None:
    code, out, err = edge_vad("export", trained, "--out", tmp_path / "scene.onnx", *words)
    assert (code, out) == (4, "")
    assert "there is no GPU here that CUDA can use" in err
    assert list(tmp_path.iterdir()) == []


def test_a_hit_is_told(edge_vad: Command, write) -> None:
    path = write("fp32")
    edge_vad("export", path, *FOR)
    code, out, _ = edge_vad("export", path, *FOR)
    assert code == 0
    assert "cache hit: the same scene model, device, versions and options" in out


def test_a_dry_run_says_what_would_be_built_and_builds_nothing(edge_vad: Command, write) -> None:
    path = write("fp16")
    code, out, _ = edge_vad("export", path, *FOR, "--dry-run")
    assert code == 0
    assert out.startswith(f"would build {path.with_name('street.fp16.rtx-sm89.engine')}\n")
    assert list(path.parent.iterdir()) == [path]


def test_a_dry_run_says_that_nothing_is_to_be_built(edge_vad: Command, write) -> None:
    path = write("fp16")
    edge_vad("export", path, *FOR)
    code, out, _ = edge_vad("export", path, *FOR, "--dry-run")
    engine = path.with_name("street.fp16.rtx-sm89.engine")
    assert code == 0
    assert out.startswith(f"would build nothing: {engine} is there\n")
    assert "cache hit: " in out


@pytest.mark.parametrize("name", ["nothing.onnx", "nothing"])
def test_a_dry_run_of_nothing_promises_nothing(edge_vad: Command, tmp_path, name: str) -> None:
    code, out, err = edge_vad("export", tmp_path / name, *FOR, "--dry-run")
    assert (code, out) == (3, "")
    assert "nothing" in err


def test_a_folder_that_cannot_be_written_is_told_before_the_build(
    edge_vad: Command, write, monkeypatch
) -> None:
    def refuse(_folder: Path) -> None:
        raise OSError(30, "Read-only file system")

    path = write("fp16")
    monkeypatch.setattr("edge_vad_export.engines.cache.demand_writable", refuse)
    monkeypatch.setattr("edge_vad_export.engines.cache.build", None)
    code, out, err = edge_vad("export", path, *FOR)
    assert (code, out) == (3, "")
    assert "cannot be written (Read-only file system)" in err


def test_two_builds_at_once_into_one_place_leave_one_whole_engine(write) -> None:
    path = write("fp16")
    words = [sys.executable, "-m", "edge_vad", "export", str(path), *FOR, "--batch"]
    builds = [
        subprocess.Popen([*words, size], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        for size in ("1", "2", "4")
    ]
    assert [each.communicate(timeout=120)[1] for each in builds] == [b""] * 3
    engine = path.with_name("street.fp16.rtx-sm89.engine")
    sidecar = engine_file.read_sidecar(engine)
    assert engine_file.identify(engine) == sidecar.engine
    assert len(list(path.parent.iterdir())) == 3


def test_a_dry_run_of_a_training_writes_no_scene(edge_vad: Command, trained, tmp_path) -> None:
    path = tmp_path / "scene.onnx"
    code, out, _ = edge_vad("export", trained, "--out", path, *FOR, "--dry-run", "--json")
    assert code == 0
    assert json.loads(out)["reason"] == f"{path} is to be written first"
    assert list(tmp_path.iterdir()) == []


def test_json_lists_the_layers_by_precision(edge_vad: Command, write) -> None:
    _, out, _ = edge_vad("export", write("int8"), *FOR, "--json")
    told = json.loads(out)
    assert told["layers"]["motion_encoder"]["int8"] >= 3
    assert told["layers"]["energy and the rest"].keys() == {"fp32"}
    assert (told["cache"], told["tf32"]) == ("miss", False)


def test_an_engine_from_an_onnx_file_needs_neither_torch_nor_onnx(write, tmp_path) -> None:
    path = write("fp16")
    code = (
        "import sys\n"
        "for name in ('torch', 'onnx', 'onnxruntime', 'onnxscript'): sys.modules[name] = None\n"
        f"sys.argv = ['edge-vad', 'export', {str(path)!r}, *{FOR!r}]\n"
        "from edge_vad.cli import main\nmain()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    assert path.with_name("street.fp16.rtx-sm89.engine").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--target", "rtx"), "these options are about engines"),
        (("--dry-run",), "--dry-run says what engine would be built"),
        (("--engine", "--batch", "8:4:1"), "--batch 8:4:1 says no batch sizes"),
        (("--engine", "--batch", "1:2"), "--batch 1:2 says no batch sizes"),
        (("--engine", "--batch", "9" * 30), "1024 at most"),
        (("--engine", "--workspace-mib", "9" * 30), "Invalid value for '--workspace-mib'"),
        (("--engine", "--target", "rtx", "--compute-capability", "9.0"), "does not build for the"),
        (("--engine", "--frames", "x.mp4"), "--frames and --labels are for an ONNX file"),
        (("--engine", "--out", "x.onnx"), "--out names an ONNX file, and none is written here"),
        (("--engine", "--compute-capability", "8.9"), "builds only for the GPU that it runs on"),
    ],
)
def test_wrong_use_is_told(edge_vad: Command, write, words, said: str) -> None:
    code, _, err = edge_vad("export", write("fp32"), *words)
    assert code == 2
    assert said in err


@pytest.mark.parametrize("words", [FOR, ("--fp16",)])
def test_nothing_can_be_made_of_an_engine(edge_vad: Command, tmp_path, words) -> None:
    engine = tmp_path / "street.engine"
    engine.write_bytes(b"engine")
    code, _, err = edge_vad("export", engine, *words)
    assert code == 2
    assert f"error: {engine} is an engine" in err


def test_without_a_gpu_the_built_engine_is_not_run(edge_vad: Command, write, tmp_path) -> None:
    path = write("fp32")
    edge_vad("export", path, *FOR)
    source = "test://street?seed=1&frames=3&size=128x96"
    engine = path.with_name("street.fp32.rtx-sm89.engine")
    code, _, err = edge_vad("run", engine, source, "--out", tmp_path / "out")
    assert code == 4
    assert "no GPU here that CUDA can use" in err


def test_where_tensorrt_is_absent_one_error_tells_the_mend(
    edge_vad: Command, write, tmp_path, monkeypatch
) -> None:
    from edge_vad.backends.tensorrt_library import load_library

    monkeypatch.setitem(sys.modules, "tensorrt", None)
    load_library.cache_clear()
    source = "test://street?seed=1&frames=3&size=128x96"
    code, out, err = edge_vad(
        "run", write("fp32"), source, "--out", tmp_path / "out", "--backend", "tensorrt"
    )
    assert (code, out) == (4, "")
    what, todo, _ = err.splitlines()
    assert what.startswith("error: TensorRT cannot be loaded on this machine (")
    assert "pip install 'edge-vad[tensorrt]'" in todo
    assert "--backend onnxruntime" in todo
