"""Engines know where they belong: each mismatch has its own refusal, before anything is loaded."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
import pytest

import edge_vad as runtime
from edge_vad import engine_file
from edge_vad.backends.tensorrt import TensorRtBackend
from edge_vad.device.fingerprint import DeviceFingerprint
from edge_vad.engine_file import BatchProfile, EngineOptions, FileIdentity
from edge_vad.errors import BadModel
from edge_vad.scene_model import SceneModel


@pytest.fixture
def scene(tiny_scene) -> SceneModel:
    return SceneModel.read(tiny_scene())


@pytest.fixture
def engine(gpu, scene) -> Path:
    return gpu.build(scene.path)


def refusal(gpu, scene: SceneModel) -> BadModel:
    """How the engine beside a scene is refused; it must not reach the deserialiser."""
    with pytest.raises(BadModel) as refused:
        TensorRtBackend(scene)
    assert gpu.api.deserialised == 0
    assert gpu.device.live == 0
    return refused.value


def tamper(engine: Path, **changes: object) -> None:
    sidecar = msgspec.structs.replace(engine_file.read_sidecar(engine), **changes)
    engine_file.sidecar_path(engine).write_bytes(msgspec.json.encode(sidecar))


@pytest.mark.parametrize(
    ("field", "then", "said"),
    [
        ("compute_capability", "8.9", "the compute capability was 8.9 and is 8.7"),
        ("tensorrt", "10.13.3", "TensorRT was 10.13.3 and is 10.3.0"),
        ("gpu", "Thor", "the GPU was Thor and is Orin"),
        ("driver", "580.0", "the NVIDIA driver was 580.0 and is 540.4.0"),
        ("cuda", "13.0", "CUDA was 13.0 and is 12.6"),
        ("l4t", "38.2.0", "Jetson Linux was 38.2.0 and is 36.4.3"),
    ],
)
def test_another_device_is_named_with_the_command_that_rebuilds(
    gpu, scene, engine, field, then, said
) -> None:
    tamper(engine, device=msgspec.structs.replace(gpu.fingerprint, **{field: then}))
    error = refusal(gpu, scene)
    assert error.what == f"{engine} was built for another device: {said}"
    assert error.todo == (
        f"build it again: edge-vad export {scene.path} --engine, or add --rebuild"
    )
    assert error.exit_code == 3


def test_another_onnx_file_is_named(gpu, scene, engine, make) -> None:
    make.scene(scene.path, make.card(fps=25.0))
    error = refusal(gpu, scene)
    assert f"{scene.path} has changed since (SHA-256 " in error.what


def test_a_scene_that_went_away_is_named(gpu, scene, engine) -> None:
    scene.path.unlink()
    assert "cannot be read (No such file or directory)" in refusal(gpu, scene).what


def test_a_truncated_engine_is_refused(gpu, scene, engine) -> None:
    size = engine.stat().st_size
    engine.write_bytes(engine.read_bytes()[:-1])
    assert f"it has {size - 1} bytes, and {size} were built" in refusal(gpu, scene).what


@pytest.mark.parametrize("position", [0, 0.5, 1])
def test_one_flipped_bit_is_refused(gpu, scene, engine, position) -> None:
    content = bytearray(engine.read_bytes())
    content[round(position * (len(content) - 1))] ^= 0x10
    engine.write_bytes(content)
    assert "its SHA-256 differs" in refusal(gpu, scene).what


def test_a_swapped_engine_is_refused(gpu, scene, engine, tiny_scene) -> None:
    other = gpu.build(tiny_scene("other.onnx", fps=12.0))
    shutil.copy(other, engine)
    assert refusal(gpu, scene).what.startswith(f"{engine} is not ")


def test_an_engine_and_sidecar_swapped_together_are_refused(gpu, scene, engine, tiny_scene) -> None:
    other = gpu.build(tiny_scene("other.onnx", height=64))
    shutil.copy(other, engine)
    shutil.copy(engine_file.sidecar_path(other), engine_file.sidecar_path(engine))
    assert "belongs to other.onnx" in refusal(gpu, scene).what


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[" * 100_000,
        b"\xff\xfe",
        b'{"schema": 0}',
        b" " * (16 * 2**20 + 1),
    ],
)
def test_a_broken_sidecar_is_refused(gpu, scene, engine, content) -> None:
    engine_file.sidecar_path(engine).write_bytes(content)
    assert "cannot be read" in refusal(gpu, scene).what


def test_a_newer_sidecar_says_so(gpu, scene, engine) -> None:
    tamper(engine, schema=2)
    assert "it has schema 2, and this version reads up to 1" in refusal(gpu, scene).what


def test_a_field_nobody_knows_is_refused(gpu, scene, engine) -> None:
    path = engine_file.sidecar_path(engine)
    path.write_bytes(path.read_bytes().replace(b'"schema"', b'"plugin": "x.so", "schema"', 1))
    assert "unknown field `plugin`" in refusal(gpu, scene).what


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b.onnx", ""])
def test_a_sidecar_names_no_file_elsewhere(gpu, scene, engine, name) -> None:
    onnx = engine_file.identify(scene.path)
    tamper(engine, onnx=msgspec.structs.replace(onnx, name=name))
    assert "cannot be read" in refusal(gpu, scene).what


def test_a_missing_sidecar_is_refused(gpu, scene, engine) -> None:
    engine_file.sidecar_path(engine).unlink()
    assert "nothing is known of the engine" in refusal(gpu, scene).what


def test_a_full_disk_leaves_the_earlier_engine_whole(gpu, scene, engine, monkeypatch) -> None:
    before = sorted(engine.parent.iterdir())
    sidecar = engine_file.read_sidecar(engine)

    def fail(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match="No space left"):
        engine_file.write_engine(engine, b"new", sidecar)
    assert sorted(engine.parent.iterdir()) == before
    TensorRtBackend(scene).close()


@pytest.mark.parametrize("written", [0, 1])
def test_an_engine_that_was_half_replaced_is_not_found(
    gpu, scene, engine, monkeypatch, written
) -> None:
    """The power fails when none or one of the two new files is in place."""
    replace, replaced = Path.replace, []

    def fail(self: Path, to: Path) -> Path:
        if len(replaced) == written:
            raise OSError(5, "Input/output error")
        replaced.append(to)
        return replace(self, to)

    sidecar = engine_file.read_sidecar(engine)
    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="Input/output error"):
        engine_file.write_engine(engine, b"new", sidecar)
    assert "nothing is known of the engine" in refusal(gpu, scene).what


def test_an_engine_runs_by_its_own_name(gpu, scene, engine) -> None:
    with runtime.load(engine) as detector:
        assert detector.model.path == scene.path
    assert gpu.api.deserialised == 1


def test_what_an_engine_does_not_depend_on_may_differ() -> None:
    rtx = DeviceFingerprint(compute_capability="8.9", tensorrt_rtx="1.7.1")
    here = DeviceFingerprint(gpu="RTX 4090", driver="580", compute_capability="8.9")
    here = msgspec.structs.replace(here, tensorrt_rtx="1.7.1")
    assert engine_file.differences(rtx, engine_file.relevant("rtx", here)) == []


def test_the_command_that_rebuilds_tells_the_options() -> None:
    options = EngineOptions(BatchProfile(1, 2, 4), workspace_mib=512, tf32=True)
    command = engine_file.rebuild_command(Path("my scene.onnx"), "rtx", options)
    assert command == (
        "edge-vad export 'my scene.onnx' --engine --target rtx --batch 1:2:4 "
        "--workspace-mib 512 --tf32"
    )


@pytest.mark.parametrize(
    ("device", "name"),
    [
        (
            DeviceFingerprint(gpu="NVIDIA GeForce RTX 4090", compute_capability="8.9"),
            "scene.tensorrt-rtx-4090-sm89.engine",
        ),
        (
            DeviceFingerprint(
                gpu="Orin", jetson="NVIDIA Jetson AGX Orin Developer Kit", compute_capability="8.7"
            ),
            "scene.tensorrt-jetson-agx-orin-sm87.engine",
        ),
    ],
)
def test_an_engine_is_named_for_its_device(device, name) -> None:
    assert engine_file.engine_path(Path("scene.onnx"), "tensorrt", device).name == name


def test_a_file_is_identified_by_all_of_it(tmp_path) -> None:
    path = tmp_path / "scene.onnx"
    path.write_bytes(b"x" * (2**20 + 1))
    assert engine_file.identify(path) == FileIdentity(
        "scene.onnx", 2**20 + 1, "154b8ed3c2383ce429058768595935faf7851b5c38db2b1732594be1d88bc05a"
    )
