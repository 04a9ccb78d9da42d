"""What is to be done with a camera, by what is on the disk."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from edge_vad.alarms.settings import DecisionSettings
from edge_vad.guide.steps import CameraSteps, record
from edge_vad.site.settings import CameraSettings

CLOCK = ((0.0, 0.0), (9.0, 0.0), (9.0, 5.0))


@pytest.fixture
def way(tmp_path: Path) -> CameraSteps:
    decision = DecisionSettings(ignore=(CLOCK,))
    camera = CameraSettings(
        name="gate", source="0", scene="gate.onnx", footage=("footage/gate",), decision=decision
    )
    return CameraSteps(camera, tmp_path / "site.toml")


def write(path: Path, size: int = 1, age_s: float = 0.0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(size))
    os.utime(path, (1e9 - age_s, 1e9 - age_s))
    return path


def given(way: CameraSteps) -> list[str]:
    return [step.words[0] for step in way.learn()]


def test_without_anything_all_is_to_be_done(way: CameraSteps) -> None:
    assert way.needs_footage
    assert not way.has_footage
    train, export = way.learn()
    folder = way.site.parent
    named = ("--config", str(way.site), "--camera", "gate")
    ignored = ("--ignore", "[[0, 0], [9, 0], [9, 5]]")
    assert train.words == ("train", *named, "--out", str(folder / "runs"), *ignored)
    assert export.words == ("export", f"{folder}/runs/gate", "--out", f"{folder}/gate.onnx")


def test_a_training_that_has_begun_keeps_its_footage(way: CameraSteps) -> None:
    write(way.trained / "work" / "plan.json")
    assert not way.needs_footage
    assert given(way) == ["train", "export"]


def test_a_trained_scene_is_exported_and_compared_on_the_largest_file(way: CameraSteps) -> None:
    write(way.trained / "scene.safetensors")
    footage = way.site.parent / "footage" / "gate"
    for name, size in (("a.mkv", 5), ("b.mkv", 9), ("c.mkv", 1), (".edge-vad.lock", 99)):
        write(footage / name, size)
    export, verify = way.learn()
    assert export.words[0] == "export"
    assert verify.words == ("verify", str(way.onnx), "--frames", str(footage / "b.mkv"))


def test_a_scene_model_is_written_anew_only_where_the_training_is_newer(way: CameraSteps) -> None:
    trained = write(way.trained / "scene.safetensors")
    write(way.onnx)
    assert given(way) == []
    write(trained, age_s=-10)
    assert given(way) == ["export"]


def test_a_scene_that_was_brought_along_needs_nothing(way: CameraSteps) -> None:
    write(way.onnx)
    assert not way.needs_footage
    assert given(way) == []


@pytest.mark.parametrize(("target", "more"), [("tensorrt", ()), ("rtx", ("--target", "rtx"))])
def test_an_engine_is_built_by_what_runs_it(
    way: CameraSteps, target: str, more: tuple[str, ...]
) -> None:
    step = way.compile(target)  # type: ignore[arg-type]
    assert step.words == ("export", str(way.onnx), "--engine", *more)


def test_all_cameras_are_recorded_at_once(way: CameraSteps) -> None:
    step = record(way.site, [way, way], "2h", "20GB")
    cameras = ("--camera", "gate", "--camera", "gate")
    length = ("--duration", "2h", "--max-size", "20GB")
    assert step.words == ("record", "--config", str(way.site), *cameras, *length)
