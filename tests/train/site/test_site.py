from __future__ import annotations

import json

import msgspec
import pytest

from edge_vad.scene_model import SceneModel
from edge_vad.sources import open_source
from edge_vad_train.checkpoint import FILE_NAME

pytestmark = pytest.mark.long
QUICK = ("--latent", 2, "--components", 2, "--size", "128x96", "--steps", 3, "--workers", 2)


@pytest.fixture(scope="session")
def street(make, tmp_path_factory):
    """Footage of a moment."""
    source = open_source("test://street?seed=1&frames=60&size=128x96")
    return make.avi(
        tmp_path_factory.mktemp("street") / "street.avi", [each.image for each in source]
    )


@pytest.fixture
def site(street, tmp_path):
    """Two cameras with footage, and one whose footage is broken."""
    lines = []
    for name in ("gate", "yard", "broken"):
        footage = tmp_path / "footage" / name
        footage.mkdir(parents=True)
        content = b"no video" * 100 if name == "broken" else street.read_bytes()
        (footage / "monday.avi").write_bytes(content)
        lines += ["[[cameras]]", f'name = "{name}"', 'source = "0"']
        lines += [f'scene = "scenes/{name}.onnx"', f'footage = ["footage/{name}"]']
    path = tmp_path / "site.toml"
    path.write_text("\n".join(lines))
    return path


@pytest.fixture
def train(edge_vad, site, tmp_path):
    def run(*words):
        return edge_vad("train", "--config", site, "--out", tmp_path / "runs", *QUICK, *words)

    return run


def good(*words):
    return ("--camera", "gate", "--camera", "yard", *words)


def proofs(tmp_path):
    return json.loads((tmp_path / "runs/proofs.json").read_text())


def without_times(path):
    """What a scene model says, but for the camera, when it was made and how fast it was."""
    card = SceneModel.read(path).card
    training = msgspec.structs.replace(card.training, created="", sources=())
    proof = tuple(msgspec.structs.replace(each, milliseconds=0.0) for each in card.proof)
    return msgspec.structs.replace(card, training=training, proof=proof)


def test_every_camera_has_its_scene_and_a_broken_one_is_told(train, tmp_path):
    answer = train()
    assert answer.code == 7
    assert "1 of 3 cameras failed: broken" in answer.err
    assert [each["camera"] for each in proofs(tmp_path)] == ["gate", "yard"]
    for each in proofs(tmp_path):
        scene = tmp_path / f"scenes/{each['camera']}.onnx"
        assert SceneModel.read(scene).sha256 == each["sha256"]
        assert each["proof"]
        assert scene.stat().st_mode & 0o044
    assert "2 of 3 scenes are made" in answer.out
    assert not (tmp_path / "scenes/broken.onnx").exists()
    assert without_times(tmp_path / "scenes/gate.onnx") == without_times(
        tmp_path / "scenes/yard.onnx"
    )


def test_what_is_made_is_not_made_again_and_what_is_lost_comes_back(train, tmp_path):
    assert train(*good()).code == 0
    trained = tmp_path / "runs/gate" / FILE_NAME
    before = trained.stat().st_mtime_ns, (tmp_path / "scenes/gate.onnx").read_bytes()
    (tmp_path / "scenes/gate.onnx").unlink()
    answer = train(*good("--dry-run"))
    assert "1 scenes would be made" in answer.out
    assert "1 are done: yard" in answer.out
    assert "by the figure of docs/sizing.md, not measured here" in answer.out
    assert train(*good()).code == 0
    assert (trained.stat().st_mtime_ns, (tmp_path / "scenes/gate.onnx").read_bytes()) == before


def test_a_scene_of_other_options_is_not_overwritten_unless_it_is_asked_for(train, tmp_path):
    assert train("--camera", "gate").code == 0
    before = (tmp_path / "scenes/gate.onnx").read_bytes()
    answer = train("--camera", "gate", "--seed", 5)
    assert answer.code == 7
    assert "holds a scene of other footage or options" in answer.err
    assert (tmp_path / "scenes/gate.onnx").read_bytes() == before
    assert train("--camera", "gate", "--seed", 5, "--overwrite").code == 0
    assert (tmp_path / "scenes/gate.onnx").read_bytes() != before


def test_a_scene_model_from_elsewhere_is_not_overwritten(train, tmp_path):
    (tmp_path / "scenes").mkdir()
    (tmp_path / "scenes/gate.onnx").write_bytes(b"in use")
    answer = train("--camera", "gate")
    assert answer.code == 7
    assert "gate.onnx is there already, and is not of this training" in answer.err
    assert (tmp_path / "scenes/gate.onnx").read_bytes() == b"in use"
    assert not (tmp_path / "runs/gate" / FILE_NAME).exists()


def test_where_no_gpu_is_the_scenes_are_made_without_engines(train, tmp_path, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert train("--camera", "gate", "--engine").code == 0
    assert proofs(tmp_path)[0]["engine"] is None
