"""Mixed precision: as many layers in INT8 as the gates let pass."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest

from edge_vad.scene_file import append_digest
from edge_vad.scene_model import SceneModel
from edge_vad_export.precision.encoder_nodes import compute_types

Command = Callable[..., tuple[int, str, str]]

LAYERS = [
    f"{stream}_encoder.trunk.{number}" for stream in ("appearance", "motion") for number in (0, 2)
]


def layers_in_int8(path: Path) -> list[str]:
    """What the graph itself says."""
    types = compute_types(onnx.load(path))
    return [name.rpartition(".")[0] for name, kind in types.items() if kind == "int8"]


@pytest.fixture
def export(
    edge_vad: Command, single: SceneModel, footage: str, tmp_path: Path
) -> Callable[[float], tuple[int, str, str]]:
    """Exports the scene in INT8 with a largest shift of scores."""

    def run(limit: float, *more: str) -> tuple[int, str, str]:
        words = ("--int8", "--calibration", footage, "--out", tmp_path / "scene.onnx", *more)
        return edge_vad("export", single.path, *words, "--max-score-shift", f"{limit!r}")

    return run


@pytest.fixture
def shift_of_all(export: Callable[..., tuple[int, str, str]]) -> float:
    """How far scores shift with all layers in INT8."""
    code, told, _ = export(9.0, "--json")
    answer = json.loads(told)
    assert (code, answer["int8_layers"], answer["fp32_layers"]) == (0, LAYERS, [])
    return float(answer["proof"][1]["score_shift"])


def test_a_layer_that_costs_too_much_keeps_single_precision(
    export: Callable[..., tuple[int, str, str]], shift_of_all: float, tmp_path: Path
) -> None:
    limit = 0.999 * shift_of_all
    code, told, err = export(limit, "--json")
    answer, card = json.loads(told), SceneModel.read(tmp_path / "scene.onnx").card
    assert (code, err) == (0, "")
    assert answer["proof"][1]["score_shift"] <= limit
    assert 0 < len(answer["int8_layers"]) < len(LAYERS)
    assert sorted(answer["int8_layers"] + answer["fp32_layers"]) == sorted(LAYERS)
    assert layers_in_int8(tmp_path / "scene.onnx") == answer["int8_layers"]
    assert list(card.int8_layers) == answer["int8_layers"]
    assert list(card.fp32_layers) == answer["fp32_layers"]
    assert card.precision == "int8"


def test_what_is_printed_says_which_layers_are_which(
    export: Callable[..., tuple[int, str, str]], shift_of_all: float, tmp_path: Path
) -> None:
    code, told, _ = export(0.999 * shift_of_all)
    card = SceneModel.read(tmp_path / "scene.onnx").card
    assert code == 0
    assert f"layers in INT8: {', '.join(card.int8_layers)}\n" in told
    assert "layers in single precision, as scores would shift too far: " in told
    assert f"{', '.join(card.fp32_layers)}\n" in told


@pytest.fixture
def sensitive(single: SceneModel) -> None:
    """The score is the mean of both streams' latents, so that each layer counts in each frame."""
    model = onnx.load(single.path)
    (last,) = (node for node in model.graph.node if "score" in node.output)
    last.output[0] = "unused"
    axes = onnx.numpy_helper.from_array(np.array([1, 2, 3]), "cells")
    model.graph.initializer.append(axes)
    for name in ("appearance", "motion"):
        (latent,) = (
            node for node in model.graph.node if node.name.startswith(f"{name}_encoder.mean.")
        )
        taken = [latent.output[0], "cells"]
        model.graph.node.append(
            onnx.helper.make_node("ReduceMean", taken, [f"{name}_mean"], name, keepdims=0)
        )
    means = ["appearance_mean", "motion_mean"]
    model.graph.node.append(onnx.helper.make_node("Add", means, ["score"], "scene.sum"))
    single.path.write_bytes(append_digest(model.SerializeToString()))


@pytest.mark.usefixtures("sensitive")
def test_where_no_layer_may_be_quantised_int8_is_refused(
    export: Callable[..., tuple[int, str, str]], labelled: Path, tmp_path: Path
) -> None:
    code, told, err = export(0.0, "--labels", str(labelled))
    assert code == 1
    assert "layers in single precision" not in told
    assert "error: int8 on onnxruntime (cpu) shifts scores by up to" in err
    assert not (tmp_path / "scene.onnx").exists()
    assert layers_in_int8(tmp_path / "scene.onnx.rejected") == LAYERS
