"""What a worker does with what is there; training and export are stood in for."""

from __future__ import annotations

import hashlib
from types import SimpleNamespace

import msgspec
import pytest

from edge_vad.errors import BadModel, WrongUse
from edge_vad.files.owner import Owner
from edge_vad.scene_model import Comparison
from edge_vad_train.checkpoint import FILE_NAME
from edge_vad_train.settings import TrainSettings
from edge_vad_train.site import making
from edge_vad_train.site.plan import SceneJob, TrainPlan
from edge_vad_train.site.record import UNKNOWN, SceneInputs, SceneRecord, write_record
from edge_vad_train.site.worker import scene_maker

PROOF = (Comparison("fp32", "onnxruntime", "cpu", 9, *[0.0] * 5, None, None, None, 1.0),)


@pytest.fixture
def done(monkeypatch):
    """Which trainings and exports were done; what they give follows from the seed."""
    done = []

    def train_scene(clips, out, settings, *others, **options):
        done.append(f"train {settings.seed}")
        (out / FILE_NAME).write_bytes(b"scene %d" % settings.seed)

    def export(out, onnx, frames):
        done.append("export")
        onnx.write_bytes(b"model of " + (out / FILE_NAME).read_bytes())
        return PROOF

    def engine(onnx):
        done.append("engine")

    exporters = {"onnx": export, "engine": engine}
    monkeypatch.setattr("edge_vad_train.site.making.train_scene", train_scene)
    monkeypatch.setattr(
        "edge_vad_train.site.making.provided",
        lambda group, name: SimpleNamespace(load=lambda: exporters[name]),
    )
    return done


@pytest.fixture
def job(make, tmp_path):
    footage = make.avi(tmp_path / "monday.avi", make.movement(5))

    def build(seed=0):
        plan = TrainPlan([str(footage)], "video", None, False, TrainSettings(seed=seed))
        out, onnx = tmp_path / "runs/gate", tmp_path / "scenes/gate.onnx"
        return SceneJob("gate", plan, out, onnx, "cpu", engine=False, overwrite=False)

    return build


def work(job, overwrite=False, engine=False):
    return scene_maker()(msgspec.structs.replace(job, engine=engine, overwrite=overwrite))


def test_a_scene_is_trained_exported_and_put_in_its_place_once(done, job, tmp_path):
    record = work(job())
    assert done == ["train 0", "export"]
    model = (tmp_path / "scenes/gate.onnx").read_bytes()
    assert model == b"model of scene 0"
    assert (record.camera, record.proof) == ("gate", PROOF)
    assert record.sha256 == hashlib.sha256(model).hexdigest()
    assert work(job()) == record
    assert done == ["train 0", "export"]


def test_a_worker_that_was_killed_after_the_training_is_followed_by_an_export(done, job, tmp_path):
    first = work(job())
    for name in ("runs/gate/made.json", "runs/gate/scene.onnx", "scenes/gate.onnx"):
        (tmp_path / name).unlink()
    assert work(job()) == first
    assert done == ["train 0", "export", "export"]


def test_a_scene_model_that_is_lost_is_put_in_its_place_again(done, job, tmp_path):
    work(job())
    (tmp_path / "scenes/gate.onnx").unlink()
    work(job())
    assert done == ["train 0", "export"]
    assert (tmp_path / "scenes/gate.onnx").exists()


def test_a_scene_of_other_options_stays_until_it_may_be_overwritten(done, job, tmp_path):
    work(job())
    with pytest.raises(WrongUse, match="holds a scene of other footage or options"):
        work(job(seed=5))
    assert (tmp_path / "scenes/gate.onnx").read_bytes() == b"model of scene 0"
    work(job(seed=5), overwrite=True)
    assert (tmp_path / "scenes/gate.onnx").read_bytes() == b"model of scene 5"


def test_a_scene_model_from_elsewhere_is_refused_before_any_work(done, job, tmp_path):
    (tmp_path / "scenes").mkdir()
    (tmp_path / "scenes/gate.onnx").write_bytes(b"in use")
    with pytest.raises(WrongUse, match="is there already, and is not of this training"):
        work(job())
    assert done == []
    assert (tmp_path / "scenes/gate.onnx").read_bytes() == b"in use"


def test_a_scene_that_was_trained_by_itself_is_exported_as_it_is(done, job, tmp_path):
    (tmp_path / "runs/gate").mkdir(parents=True)
    (tmp_path / "runs/gate" / FILE_NAME).write_bytes(b"scene of yesterday")
    assert work(job()).key == UNKNOWN
    assert done == ["export"]
    assert (tmp_path / "scenes/gate.onnx").read_bytes() == b"model of scene of yesterday"


@pytest.mark.parametrize("before", ["of yesterday", "of the site"])
def test_a_scene_that_was_trained_anew_by_itself_is_not_taken_for_the_one_before(
    done, job, tmp_path, before
):
    trained = tmp_path / "runs/gate" / FILE_NAME
    if before == "of yesterday":
        trained.parent.mkdir(parents=True)
        trained.write_bytes(b"scene of yesterday")
    work(job())
    trained.write_bytes(b"scene of today")
    with pytest.raises(WrongUse, match="is there already, and is not of this training"):
        work(job())
    (tmp_path / "scenes/gate.onnx").unlink()
    assert work(job()).key == UNKNOWN
    assert (tmp_path / "scenes/gate.onnx").read_bytes() == b"model of scene of today"


def test_footage_that_has_changed_makes_another_scene(done, job, make, tmp_path):
    work(job())
    make.avi(tmp_path / "monday.avi", make.movement(6))
    with pytest.raises(WrongUse, match="other footage"):
        work(job())


def test_where_no_device_is_there_is_no_engine(done, job):
    assert work(job(), engine=True).engine is None
    assert done == ["train 0", "export", "engine"]


def test_an_engine_that_is_lost_is_built_again(done, job, monkeypatch, tmp_path):
    def engine(onnx):
        done.append("engine")
        onnx.with_suffix(".engine").write_bytes(b"engine")
        return onnx.with_suffix(".engine")

    exporters = making.provided
    monkeypatch.setattr(
        "edge_vad_train.site.making.provided",
        lambda group, name: (
            SimpleNamespace(load=lambda: engine) if name == "engine" else exporters(group, name)
        ),
    )
    for _ in range(2):
        assert work(job(), engine=True).engine == "gate.engine"
    assert done == ["train 0", "export", "engine"]
    (tmp_path / "scenes/gate.engine").unlink()
    work(job(), engine=True)
    assert done == ["train 0", "export", "engine", "engine"]


def test_a_camera_that_another_process_works_at_is_left_alone(done, job, tmp_path):
    owner = Owner(tmp_path / "runs/gate")
    try:
        with pytest.raises(Exception, match="writes into"):
            work(job())
    finally:
        owner.close()
    assert done == []


def test_a_failed_export_leaves_the_training_for_the_next_time(done, job, monkeypatch, tmp_path):
    def refuse(out, onnx, frames):
        raise BadModel("it is broken", "train again")

    good = making.provided
    monkeypatch.setattr(
        "edge_vad_train.site.making.provided",
        lambda group, name: SimpleNamespace(load=lambda: refuse),
    )
    with pytest.raises(BadModel):
        work(job())
    monkeypatch.setattr("edge_vad_train.site.making.provided", good)
    work(job())
    assert done == ["train 0", "export"]


def test_options_of_a_site_are_refused_without_one(edge_vad, tmp_path):
    answer = edge_vad("train", "test://street?seed=1", "--out", tmp_path / "runs", "--dry-run")
    assert answer.code == 2
    assert "for a site's cameras" in answer.err


def test_a_record_is_read_as_it_was_written(tmp_path):
    from edge_vad_train.site.record import key_of_scene, made_record

    (tmp_path / "scene.onnx").write_bytes(b"model")
    digest = hashlib.sha256(b"model").hexdigest()
    record = SceneRecord("gate", "key", "", digest, PROOF, "gate.engine", ("too short",))
    write_record(tmp_path / "made.json", record)
    write_record(tmp_path / "inputs.json", SceneInputs("key"))
    assert key_of_scene(tmp_path) == "key"
    assert made_record(tmp_path, "key") == record
    assert made_record(tmp_path, "another") is None
