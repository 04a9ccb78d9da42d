"""edge-vad verify, as it is typed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import msgspec
import onnx
import pytest

from edge_vad.scene_model import SceneModel
from edge_vad_export.conversion import ConvertedScene, place
from edge_vad_export.precision.fp16 import to_fp16

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def half(single: SceneModel, graph: onnx.ModelProto) -> Path:
    """The scene model in half precision."""
    card = msgspec.structs.replace(single.card, precision="fp16")
    return place(ConvertedScene(to_fp16(graph), card), single.path.with_name("half.onnx")).path


def test_half_precision_is_held_to_single(
    edge_vad: Command, half: Path, single: SceneModel, footage: str
) -> None:
    words = ("verify", half, "--reference", single.path, "--frames", footage)
    code, told, err = edge_vad(*words)
    assert (code, err) == (0, "")
    assert "fp16 onnxruntime cpu" in told
    assert told.endswith(f"next: edge-vad run {half} SOURCE --out watched/{half.stem}\n")
    rows = json.loads(edge_vad(*words, "--json")[1])["proof"]
    assert [row["precision"] for row in rows] == ["fp32", "fp16"]
    assert rows[1]["frames"] == 39
    assert 0 < rows[1]["map_relative_error"] < 0.01


def test_labels_give_the_auc_that_eval_gives(
    edge_vad: Command, half: Path, single: SceneModel, labelled: Path
) -> None:
    words = ("verify", half, "--reference", single.path, "--labels", labelled)
    code, told, _ = edge_vad(*words, "--format", "ucsd", "--json")
    rows = json.loads(told)["proof"]
    measured = json.loads(edge_vad("eval", half, labelled, "--format", "ucsd", "--json")[1])
    auc = measured["scenes"][0]["methods"][0]["frame_level"]["micro_auc"]
    assert code == 0
    assert rows[0]["frames"] == 23
    assert rows[1]["auc"] == pytest.approx(auc, abs=1e-6)
    assert rows[1]["auc_drop"] == pytest.approx(rows[0]["auc"] - rows[1]["auc"])


def test_a_shift_beyond_what_is_allowed_fails_and_is_shown(
    edge_vad: Command, half: Path, single: SceneModel, footage: str
) -> None:
    words = ("verify", half, "--reference", single.path, "--frames", footage)
    code, told, err = edge_vad(*words, "--max-score-shift", "0")
    assert code == 1
    assert "fp16 onnxruntime cpu" in told
    assert "shifts scores by up to" in err


def test_single_precision_is_its_own_reference(
    edge_vad: Command, single: SceneModel, footage: str
) -> None:
    code, told, _ = edge_vad("verify", single.path, "--frames", footage)
    assert code == 0
    assert "fp32 onnxruntime cpu" in told


def test_another_training_is_no_reference(
    edge_vad: Command, half: Path, single: SceneModel, graph: onnx.ModelProto, footage: str
) -> None:
    card = msgspec.structs.replace(single.card, fps=7.0)
    other = place(ConvertedScene(graph, card), single.path.with_name("other.onnx")).path
    code, _, err = edge_vad("verify", half, "--reference", other, "--frames", footage)
    assert code == 2
    assert "are of different trainings (fps differs)" in err


def test_a_scene_that_was_altered_since_its_export_is_refused(
    edge_vad: Command, single: SceneModel, footage: str
) -> None:
    content = bytearray(single.path.read_bytes())
    content[len(content) // 3] ^= 1
    single.path.write_bytes(content)
    code, told, err = edge_vad("verify", single.path, "--frames", footage)
    assert (code, told) == (3, "")
    assert "digest does not fit" in err


def test_an_engine_that_is_not_there_is_told(
    edge_vad: Command, single: SceneModel, footage: str
) -> None:
    engine = single.path.with_name("missing.engine")
    words = ("verify", single.path, "--engine", engine, "--frames", footage)
    code, told, err = edge_vad(*words)
    assert (code, told) == (3, "")
    assert "missing.engine" in err


def test_what_is_missing_is_told(
    edge_vad: Command, half: Path, single: SceneModel, footage: str
) -> None:
    assert "there is nothing to hold it to" in edge_vad("verify", half, "--frames", footage)[2]
    code, _, err = edge_vad("verify", half, "--reference", half, "--frames", footage)
    assert code == 2
    assert "is fp16 itself" in err
    code, _, err = edge_vad("verify", single.path)
    assert code == 2
    assert "there are no frames to compare on" in err
