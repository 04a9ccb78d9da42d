"""edge-vad export --fp16 and --int8, as they are typed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

import edge_vad as runtime
from edge_vad.scene_file import append_digest
from edge_vad.scene_model import SceneModel, decode_card
from edge_vad_export import graph as graph_module
from edge_vad_export.precision.encoder_nodes import compute_types

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, graph: onnx.ModelProto) -> None:
    """Builds the graph of the session once; what it is, is tested elsewhere."""
    monkeypatch.setattr(graph_module, "build_graph", lambda scene: graph)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out" / "scene.onnx"


def test_half_precision_from_a_training_is_proved_on_its_own_frames(
    edge_vad: Command, trained: Path, out: Path
) -> None:
    code, told, err = edge_vad("export", trained, "--fp16", "--out", out)
    assert (code, err) == (0, "")
    assert f"{out}: " in told
    assert "fp16 onnxruntime cpu" in told
    assert "on 8 frames" in told
    card = SceneModel.read(out).card
    assert [row.precision for row in card.proof] == ["fp32", "fp16"]
    assert "fp16" in compute_types(onnx.load(out)).values()
    assert card.precision == "fp16"
    assert 0 < card.proof[1].map_error < 0.01
    assert card.proof[0].map_error == card.proof[0].score_shift == 0


def test_whole_numbers_from_a_scene_model_run_like_any_other(
    edge_vad: Command, single: SceneModel, out: Path, footage: str
) -> None:
    words = ("export", single.path, "--int8", "--calibration", footage, "--out", out)
    code, told, err = edge_vad(*words, "--json", "--max-score-shift", "9")
    assert (code, err) == (0, "")
    rows = json.loads(told)["proof"]
    assert [row["precision"] for row in rows] == ["fp32", "int8"]
    assert rows[0]["frames"] == rows[1]["frames"] == 39
    assert rows[1]["map_error"] > 0
    assert all(row["milliseconds"] > 0 for row in rows)
    with runtime.load(out) as detector:
        assert len(list(detector.watch(runtime.open_source(footage)))) == 40


def test_the_name_says_the_precision_where_none_is_given(
    edge_vad: Command, single: SceneModel, footage: str
) -> None:
    assert edge_vad("export", single.path, "--fp16", "--frames", footage).code == 0  # type: ignore[attr-defined]
    assert SceneModel.read(single.path.with_name("single.fp16.onnx")).card.precision == "fp16"


@pytest.mark.parametrize("earlier", [None, b"an earlier scene"])
def test_too_large_a_shift_keeps_the_file_under_a_name_of_its_own(
    edge_vad: Command, trained: Path, out: Path, earlier: bytes | None
) -> None:
    out.parent.mkdir()
    if earlier:
        out.write_bytes(earlier)
    words = ("export", trained, "--fp16", "--out", out, "--max-score-shift", "0")
    code, told, err = edge_vad(*words)
    rejected = out.with_name("scene.onnx.rejected")
    assert code == 1
    assert "fp16 onnxruntime cpu" in told
    assert "next:" not in told
    assert "error: fp16 on onnxruntime (cpu) shifts scores by up to" in err
    assert f"the file is kept as {rejected}" in err
    assert SceneModel.read(rejected).card.precision == "fp16"
    assert (out.read_bytes() if out.exists() else None) == earlier


def test_too_large_a_drop_of_the_auc_is_refused(
    edge_vad: Command,
    single: SceneModel,
    out: Path,
    labelled: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from edge_vad_export.precision import fp16

    def ruined(model: onnx.ModelProto) -> onnx.ModelProto:
        """Half precision, and what is strange counts as ordinary."""
        result = to_fp16(model)
        (last,) = (node for node in result.graph.node if "score" in node.output)
        last.output[0] = "upside_down"
        turned = onnx.helper.make_node("Neg", ["upside_down"], ["score"], "scene.turned")
        result.graph.node.append(turned)
        return result

    to_fp16 = fp16.to_fp16
    monkeypatch.setattr(fp16, "to_fp16", ruined)
    words = ("export", single.path, "--fp16", "--out", out, "--max-score-shift", "1e9")
    code, _, err = edge_vad(*words, "--labels", labelled, "--max-auc-drop", "0")
    assert (code, out.exists()) == (1, False)
    assert "points of frame-level AUC, more than 0" in err


def test_a_graph_that_gives_no_number_is_rejected(
    edge_vad: Command, single: SceneModel, out: Path, footage: str
) -> None:
    model = onnx.load(single.path)
    (weights,) = (
        each for each in model.graph.initializer if each.name.endswith("motion_encoder.mean.bias")
    )
    broken = numpy_helper.to_array(weights) + np.float32(np.nan)
    weights.CopyFrom(numpy_helper.from_array(broken, weights.name))
    single.path.write_bytes(append_digest(model.SerializeToString()))
    code, _, err = edge_vad("export", single.path, "--fp16", "--frames", footage, "--out", out)
    assert (code, out.exists()) == (1, False)
    assert "gives no number for frame 2" in err
    assert out.with_name("scene.onnx.rejected").exists()


def test_what_was_rounded_once_is_not_rounded_again(
    edge_vad: Command, trained: Path, out: Path, footage: str
) -> None:
    edge_vad("export", trained, "--fp16", "--out", out)
    again = out.with_name("again.onnx")
    code, _, err = edge_vad("export", out, "--fp16", "--frames", footage, "--out", again)
    assert (code, again.exists()) == (2, False)
    assert f"error: {out} is fp16 already" in err


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("--int8",), "--int8 takes its ranges from ordinary footage, and there is none"),
        (("--fp16", "--int8"), "--fp16 and --int8 exclude each other"),
        (("--fp16", "--calibration", "x.mp4"), "--calibration is for --int8 alone"),
    ],
)
def test_options_that_do_not_fit_are_refused_before_any_work(
    edge_vad: Command, trained: Path, out: Path, words: tuple[str, ...], error: str
) -> None:
    code, told, err = edge_vad("export", trained, "--out", out, *words)
    assert (code, told, out.exists()) == (2, "", False)
    assert f"error: {error}" in err


@pytest.mark.parametrize(
    ("words", "error"),
    [((), "is a scene model already"), (("--fp16",), "there are no frames to compare")],
)
def test_a_scene_model_needs_something_to_be_made_and_frames_to_prove_it(
    edge_vad: Command, single: SceneModel, words: tuple[str, ...], error: str
) -> None:
    code, _, err = edge_vad("export", single.path, *words)
    assert code == 2
    assert error in err


def test_footage_of_a_single_frame_calibrates_nothing(
    edge_vad: Command, single: SceneModel, out: Path
) -> None:
    one = "test://street?seed=7&frames=1&size=128x96"
    code, _, err = edge_vad("export", single.path, "--int8", "--calibration", one, "--out", out)
    assert (code, out.exists()) == (3, False)
    assert "the calibration footage has no two frames in a row" in err


def test_a_scene_model_whose_nodes_have_no_names_is_refused(
    edge_vad: Command, tiny_scene: Callable[..., Path], clip: Path
) -> None:
    code, _, err = edge_vad("export", tiny_scene(), "--fp16", "--frames", clip)
    assert code == 3
    assert "the graph does not tell which of its nodes are the encoders" in err


def test_a_card_from_before_there_was_a_proof_is_read(single: SceneModel) -> None:
    document = json.loads(single.card.encode())
    del document["proof"]
    assert decode_card(json.dumps(document), single.path) == single.card


def test_the_commands_load_neither_torch_nor_onnx() -> None:
    program = (
        "import sys, edge_vad_export.cli, edge_vad_export.verify;"
        "print({'torch', 'onnx', 'sklearn', 'scipy'} & set(sys.modules))"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert answer.stdout == "set()\n"
