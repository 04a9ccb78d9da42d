"""edge-vad export, as it is typed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

import edge_vad as runtime
from edge_vad.motion.extractor import MotionExtractor
from edge_vad.scene_model import SceneModel
from edge_vad.sources import open_source
from edge_vad_export import graph as graph_module
from edge_vad_train.checkpoint import FILE_NAME, TrainedScene

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, graph: onnx.ModelProto) -> None:
    """Builds the graph of the session once; what it is, is tested elsewhere."""
    monkeypatch.setattr(graph_module, "build_graph", lambda scene: graph)


@pytest.fixture
def folder(trained: Path, tmp_path: Path) -> Path:
    """A trained scene, to write beside."""
    return Path(shutil.copytree(trained, tmp_path / "street"))


def test_the_scene_is_written_beside_its_training_with_proof_and_the_next_command(
    edge_vad: Command, folder: Path
) -> None:
    code, out, err = edge_vad("export", folder)
    path = folder.with_name("street.onnx")
    assert (code, err) == (0, "")
    assert out.startswith(f"{path}: ")
    assert "against PyTorch on 8 held-back frames" in out
    assert out.endswith(f"\n\nnext: edge-vad run {path} SOURCE --out watched/{path.stem}\n")
    assert SceneModel.read(path).card.parity is not None


def test_the_written_scene_scores_as_the_trained_one(
    edge_vad: Command, folder: Path, scene: TrainedScene
) -> None:
    edge_vad("export", folder)
    extractor = MotionExtractor(scene.card.height, scene.card.width, scene.card.motion)
    size = f"{scene.card.width}x{scene.card.height}"
    with runtime.load(folder.with_name("street.onnx")) as detector:
        for frame in open_source(f"test://street?seed=9&frames=6&size={size}"):
            motion = torch.from_numpy(extractor.push(frame.image).copy())
            with torch.inference_mode():
                given = scene.network(torch.from_numpy(frame.image)[None], motion[None])
            expected = dict(zip(scene.network.outputs, given, strict=True))
            detection = detector.detect(frame)
            if frame.index == 0:
                continue  # has no motion, and what is made of it is the runtime's business
            assert detection.score == pytest.approx(float(expected["score"][0]), rel=1e-3, abs=1e-3)
            np.testing.assert_allclose(
                detection.anomaly_map, expected["anomaly_map"][0], rtol=1e-3, atol=1e-3
            )


@pytest.mark.parametrize("name", ["street.v2", "my street"])
def test_the_file_has_the_folders_whole_name(edge_vad: Command, folder: Path, name: str) -> None:
    folder = folder.rename(folder.with_name(name))
    assert edge_vad("export", folder).code == 0
    assert folder.with_name(f"{name}.onnx").exists()


def test_the_folder_one_stands_in_has_a_name_too(
    edge_vad: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    assert edge_vad("export", ".").code == 0
    assert folder.with_name("street.onnx").exists()


def test_json_is_all_that_stdout_gets(edge_vad: Command, folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "new" / "scene.onnx"
    code, out, err = edge_vad("export", folder, "--out", path, "--json")
    answer = json.loads(out)
    assert (code, err) == (0, "")
    assert answer["scene"] == str(path)
    assert answer["parity"]["frames"] == 8


@pytest.fixture
def tampered(quick: None, graph: onnx.ModelProto) -> None:
    """One weight of the graph is not the network's."""
    (weight,) = (
        each for each in graph.graph.initializer if each.name.endswith("motion_encoder.mean.weight")
    )
    values = onnx.numpy_helper.to_array(weight) + np.float32(0.1)
    weight.CopyFrom(onnx.numpy_helper.from_array(values, weight.name))


@pytest.mark.usefixtures("tampered")
@pytest.mark.parametrize("earlier", [None, b"an earlier scene"])
def test_a_graph_that_is_not_the_network_is_not_written(
    edge_vad: Command, folder: Path, earlier: bytes | None
) -> None:
    path = folder.with_name("street.onnx")
    if earlier:
        path.write_bytes(earlier)
    code, out, err = edge_vad("export", folder)
    assert (code, out) == (1, "")
    assert "error: the exported graph's energies differ from the trained scene's by" in err
    assert (path.read_bytes() if path.exists() else None) == earlier
    assert {each.name for each in folder.parent.iterdir()} <= {"street", "street.onnx"}


def test_a_folder_is_no_place_for_the_file(edge_vad: Command, folder: Path, tmp_path: Path) -> None:
    code, _, err = edge_vad("export", folder, "--out", tmp_path)
    assert code == 3
    assert err.splitlines() == [
        f"error: {tmp_path} is a folder",
        "  -> give --out the name of a file, such as scene.onnx",
        "  docs/errors.md#bad-input",
    ]


@pytest.mark.parametrize("place", ["/proc/x/scene.onnx", "{folder}/scene.safetensors/scene.onnx"])
def test_a_place_that_cannot_be_written_is_told(
    edge_vad: Command, folder: Path, place: str
) -> None:
    code, _, err = edge_vad("export", folder, "--out", place.format(folder=folder))
    assert code == 3
    assert "cannot be written" in err
    assert "Traceback" not in err


def test_a_full_disk_leaves_the_earlier_scene_whole(
    edge_vad: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    path = folder.with_name("street.onnx")
    path.write_bytes(b"an earlier scene")
    monkeypatch.setattr("edge_vad.files.atomic.os.fsync", fail)
    code, _, err = edge_vad("export", folder)
    assert code == 3
    assert "No space left on device" in err
    assert path.read_bytes() == b"an earlier scene"
    assert sorted(each.name for each in folder.parent.iterdir()) == ["street", "street.onnx"]


@pytest.fixture(params=["missing", "unfinished", "broken"])
def no_scene(request: pytest.FixtureRequest, folder: Path) -> Path:
    """A folder without a whole scene in it."""
    file = folder / FILE_NAME
    if request.param == "broken":
        file.write_bytes(file.read_bytes()[:1000])
    else:
        file.unlink()
        (folder / "work").mkdir()
    return folder if request.param != "missing" else folder.with_name("nothing")


def test_where_no_scene_was_trained_there_is_none_to_write(
    edge_vad: Command, no_scene: Path
) -> None:
    code, out, err = edge_vad("export", no_scene)
    assert (code, out) == (3, "")
    assert err.startswith("error: ")
    assert "  -> train the scene again with edge-vad train" in err
    assert not no_scene.with_name(f"{no_scene.name}.onnx").exists()


def test_a_path_that_the_system_refuses_is_no_traceback(edge_vad: Command) -> None:
    code, _, err = edge_vad("export", "a" * 300)
    assert code == 3
    assert "File name too long" in err
    assert "check the path" in err
