"""edge-vad train of a camera, which is recorded first, and of the cameras of a site."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from edge_vad.errors import WrongUse
from edge_vad.sources import open_source
from edge_vad_train.checkpoint import FILE_NAME, load_trained
from edge_vad_train.cli.footage import plan_training

Command = Callable[..., Any]
BRIEF = ("--latent", 2, "--components", 2, "--steps", 3, "--size", "192x144")
CAMERA = "test://street?seed=1&size=192x144&realtime=1"


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory, make: SimpleNamespace) -> Path:
    """A video of 60 frames, 192x144."""
    street = open_source("test://street?seed=1&frames=60&size=192x144")
    path = tmp_path_factory.mktemp("pictures") / "street.avi"
    return Path(make.avi(path, [frame.image for frame in street]))


def test_a_camera_is_recorded_and_then_learnt(edge_vad: Command, tmp_path: Path) -> None:
    out = tmp_path / "runs" / "gate"
    words = ("train", f"gate={CAMERA}", "--duration", "6s", "--out", out, *BRIEF)
    answer = edge_vad(*words)
    assert answer.code == 0, answer.err
    assert "next: edge-vad export" in answer.out
    (file,) = (out / "footage" / "gate").glob("*.mkv")
    assert load_trained(out).card.training.sources == ("gate",)
    before = file.read_bytes()
    again = edge_vad(*words, "--overwrite")  # what is recorded stays, and is enough
    assert again.code == 0, again.err
    assert [each.read_bytes() for each in file.parent.glob("*.mkv")] == [before]


def test_recordings_with_holes_between_them_are_learnt(
    edge_vad: Command, pictures: Path, tmp_path: Path
) -> None:
    for part in ("0-30", "30-60"):
        done = edge_vad("record", f"gate={pictures}:{part}", "--out", tmp_path / "footage")
        assert done.code == 0, done.err
    folder = tmp_path / "footage" / "gate"
    assert len(list(folder.glob("*.mkv"))) == 2
    with open_source(folder) as footage:
        assert [frame.take for frame in footage] == [0] * 30 + [1] * 30
    answer = edge_vad("train", folder, "--out", tmp_path / "scene", *BRIEF)
    assert answer.code == 0, answer.err
    assert answer.out.startswith("learnt from 60 frames at 192x144, 10 frames a second")
    assert "thresholds come from 58 of them" in answer.out  # the first of each has no motion


def test_every_camera_of_a_site_is_learnt_from_its_own_footage(
    edge_vad: Command, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site.toml"
    cameras = "\n".join(
        f'[[cameras]]\nname = "{name}"\nsource = "{pictures}"\nscene = "scenes/{name}.onnx"\n'
        f'footage = ["footage/{name}"]'
        for name in ("gate", "yard")
    )
    site.write_text(cameras)
    missing = edge_vad("train", "--config", site)
    assert missing.code == 2
    assert f"edge-vad record --config {site} --camera gate" in missing.err
    recorded = edge_vad("record", "--config", site)
    assert recorded.code == 0, recorded.err
    monkeypatch.chdir(tmp_path)
    words = shlex.split(recorded.out.splitlines()[-1].removeprefix("next: edge-vad "))
    for name in ("gate", "yard"):  # tests/train/site has both at once
        answer = edge_vad(*words, *BRIEF, "--camera", name)
        assert answer.code == 0, answer.err
        following = f"next: edge-vad export runs/{name} --out {tmp_path}/scenes/{name}.onnx"
        assert answer.out.splitlines()[-1] == following
        assert (tmp_path / "runs" / name / FILE_NAME).exists()
    again = edge_vad(*words, *BRIEF, "--camera", "gate")
    assert again.code == 0
    assert "already holds a trained scene" in again.err


def test_two_cameras_are_not_trained_into_one_scene(tmp_path: Path) -> None:
    site = tmp_path / "site.toml"
    site.write_text(
        "\n".join(
            f'[[cameras]]\nname = "{name}"\nsource = "0"\nscene = "{scene}"\nfootage = ["."]'
            for name, scene in (("gate", "street.onnx"), ("yard", "./street.onnx"))
        )
    )
    with pytest.raises(WrongUse, match="cameras gate and yard show the same scene"):
        plan_training((), tmp_path / "runs", site, ())
    (job,) = plan_training((), tmp_path / "runs", site, ("yard",))
    assert job.out == tmp_path / "runs/yard"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "nothing to train on"),
        (("street.mp4",), "nothing to train on"),
        (("rtsp://admin:hunter2@10.0.0.2/1", "--out", "x"), "say how long: --duration 2h"),
        (("rtsp://h/1", "rtsp://k/1", "--out", "x", "--duration", "1s"), "several scenes"),
        (("test://street?seed=1", "--out", "x", "--duration", "1s"), "--duration is for a camera"),
        (("--config", "site.toml", "street.mp4"), "--config stands for SOURCES"),
        (("street.mp4", "--out", "x", "--camera", "gate"), "--camera is for a site file"),
    ],
)
def test_what_cannot_be_is_told_before_anything_is_recorded(
    edge_vad: Command,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    answer = edge_vad("train", *words)
    assert answer.code == 2
    assert said in answer.err
    assert "hunter2" not in answer.err
    assert list(tmp_path.iterdir()) == []


def test_a_scene_that_is_there_is_told_before_its_camera_is_recorded(
    edge_vad: Command, tmp_path: Path
) -> None:
    out = tmp_path / "gate"
    out.mkdir()
    (out / FILE_NAME).touch()
    answer = edge_vad("train", CAMERA, "--out", out, "--duration", "1h")
    assert answer.code == 2
    assert "already holds a trained scene" in answer.err
    assert not (out / "footage").exists()
