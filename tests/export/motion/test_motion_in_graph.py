"""`edge-vad export --motion-in-graph`: the graph, what is compared, and what is refused."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import motion_parity
import msgspec
import numpy as np
import onnx
import pytest
from click.testing import CliRunner

from edge_vad.backends import load_backend
from edge_vad.cli import cli
from edge_vad.detection import NO_MOTION
from edge_vad.errors import CheckFailed, WrongUse
from edge_vad.motion.pace import Paced
from edge_vad.motion.state import MotionInside
from edge_vad.scene_model import SceneModel
from edge_vad.scoring.detector import load
from edge_vad.scoring.preparation import FramePreparer
from edge_vad.scoring.scorer import Scorer
from edge_vad.sources import open_source
from edge_vad_export.conversion import from_scene_model, stage
from edge_vad_export.motion.dis import DisFlow
from edge_vad_export.precision.encoder_nodes import compute_types
from edge_vad_export.preflight import choose_kind
from edge_vad_export.verification.flow_parity import demand_flow_parity
from edge_vad_export.verification.samples import moved
from edge_vad_export.verification.verification import gates_of

FOOTAGE = "test://street?seed=7&frames=30&size=128x96"


@pytest.fixture(scope="module")
def inside(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A scene with motion inside, and the same without."""
    folder = tmp_path_factory.mktemp("inside")
    made = folder / "street.motion.onnx", folder / "street.onnx"
    options = ("--motion-in-graph", "--long-steps", "--frames", FOOTAGE), ()
    for path, words in zip(made, options, strict=True):
        said = CliRunner().invoke(cli, ["export", str(trained), "--out", str(path), *words])
        assert said.exit_code == 0, said.output
    return made


def stories() -> dict[str, list[Paced]]:
    """Ways in which frames come, to be told to both scenes."""
    with open_source(FOOTAGE) as source:
        frames = [replace(frame, image=frame.image.copy()) for frame in source]
    in_a_row = [Paced(frame, 1.0 if frame.index else None) for frame in frames]
    return {
        "in a row": in_a_row,
        "after a gap": [*in_a_row[:8], in_a_row[20]._replace(steps=None), *in_a_row[21:26]],
        "dropped": [each._replace(steps=each.steps and 2.0) for each in in_a_row[::2]],
        "repeated": [each for each in in_a_row[:10] for _ in range(2)],
    }


@pytest.mark.long
@pytest.mark.parametrize("story", ["in a row", "after a gap", "dropped", "repeated"])
def test_a_scene_with_motion_inside_decides_as_the_one_without(inside, story):
    scores, unjudged = [], []
    for path in inside:
        with load(path) as detector:
            preparer = FramePreparer(detector.model.card)
            found = [detector.decide(preparer.prepare(*each)) for each in stories()[story]]
        scores.append([each.score for each in found])
        unjudged.append([each.unjudged for each in found])
    assert unjudged[0] == unjudged[1]
    assert unjudged[0][0] == NO_MOTION
    assert "" in unjudged[0][:3]
    np.testing.assert_allclose(*scores, atol=0.05)


@pytest.mark.long
def test_cameras_may_change_places_in_the_batch(inside):
    model = SceneModel.read(inside[0])
    together, alone = (Scorer(model, load_backend(model)) for _ in range(2))
    paced = stories()["in a row"]
    cameras, others = ([FramePreparer(model.card) for _ in range(2)] for _ in range(2))
    for turn in range(5):
        given = [paced[turn], paced[29 - turn]._replace(steps=paced[turn].steps)]
        batch = [each.prepare(*one) for each, one in zip(cameras, given, strict=True)]
        turned = slice(None, None, -1 if turn % 2 else 1)
        found = together.score(batch[turned])[turned]
        for place, other in enumerate(others):
            (expected,) = alone.score([other.prepare(*given[place])])
            assert found[place].score == pytest.approx(expected.score, abs=0.02)


@pytest.mark.long
def test_its_card_says_how_its_flow_was_compared(inside):
    found = SceneModel.read(inside[0]).card.motion_inside
    assert found is not None
    assert found.long_steps
    assert found.frames > 20
    assert found.mean_error < 0.01
    assert found.high_error < 0.5


@pytest.mark.long
def test_every_node_has_a_name_of_its_own_and_no_path_is_left(inside):
    graph = onnx.load(inside[0]).graph
    bodies = [held.g for node in graph.node for held in node.attribute if held.HasField("g")]
    assert bodies
    names = [node.name for part in (graph, *bodies) for node in part.node]
    assert len(set(names)) == len(names)
    assert b"site-packages" not in inside[0].read_bytes()


@pytest.mark.long
def test_it_is_verified_against_the_scene_without(inside, edge_vad):
    with_motion, without = inside
    words = ("--reference", without, "--frames", FOOTAGE)
    assert edge_vad("verify", with_motion, *words).code == 0


@pytest.mark.long
def test_its_encoders_may_compute_in_half_precision(inside, tmp_path, edge_vad):
    out = tmp_path / "half.onnx"
    said = edge_vad("export", inside[0], "--fp16", "--frames", FOOTAGE, "--out", out)
    assert said.code == 0, said.err
    card = SceneModel.read(out).card
    assert (card.precision, card.motion_inside is None) == ("fp16", False)
    types = compute_types(onnx.load(out))
    assert {kind for name, kind in types.items() if "_encoder." not in name} == {"fp32"}


def test_ranges_for_whole_numbers_are_not_taken_from_motion_inside(tiny_scene, edge_vad):
    scene = tiny_scene(motion_inside=MotionInside(long_steps=False))
    said = edge_vad("export", scene, "--int8", "--calibration", FOOTAGE)
    assert said.code == 2
    assert "measures motion itself" in said.err


@pytest.mark.parametrize("other", ["fp16", "int8"])
def test_motion_inside_and_less_precision_exclude_each_other(other):
    options = {"fp16": False, "int8": False, other: True}
    with pytest.raises(WrongUse, match=f"--{other} and --motion-in-graph exclude"):
        choose_kind(**options, motion_in_graph=True, calibration=("street.mp4",))


def test_long_steps_are_for_motion_inside_alone():
    with pytest.raises(WrongUse, match="--long-steps says how"):
        choose_kind(False, False, False, (), long_steps=True)


def test_motion_is_not_put_into_a_graph_that_is_there_already(tiny_scene, edge_vad):
    said = edge_vad("export", tiny_scene(), "--motion-in-graph")
    assert said.code == 2
    assert "motion goes into a graph when it is built" in said.err


def test_flow_of_another_code_is_not_put_into_a_graph(tiny_scene):
    settings = SceneModel.read(tiny_scene()).card.motion
    with pytest.raises(WrongUse, match="measured by DIS of OpenCV 5"):
        DisFlow(48, 64, msgspec.structs.replace(settings, code="DIS of OpenCV 5"))


@pytest.mark.parametrize(("mean", "high"), [(0.02, 0.1), (0.001, 0.6), (float("nan"), 0.1)])
def test_flow_that_differs_is_refused(mean, high):
    found = MotionInside(long_steps=False, frames=9, mean_error=mean, high_error=high)
    with pytest.raises(CheckFailed, match="flow differs by"):
        demand_flow_parity(found)
    demand_flow_parity(msgspec.structs.replace(found, mean_error=0.001, high_error=0.1))


def test_the_gate_of_detection_is_narrower_for_the_same_motion():
    assert gates_of("motion", 0.005, 0.25).max_auc_drop == 0.002
    assert gates_of("motion", 0.001, 0.25).max_auc_drop == 0.001
    assert gates_of("fp16", 0.005, 0.25).max_auc_drop == 0.005


def test_single_pictures_are_made_footage_in_which_something_moves(tiny_scene, make):
    model = SceneModel.read(tiny_scene())
    found = moved(model, [make.texture(seed) for seed in range(3)])
    assert [seen.has_motion for seen in found] == [False, True] * 3
    assert [bool(seen.of_camera.reset[0]) for seen in found] == [True, False] * 3
    right = [np.median(seen.inputs.motion[0, 0, 8:16, 10:22]) for seen in found[1::2]]
    assert min(right) > 1.4


@pytest.mark.long
def test_the_tool_that_measures_parity_tells_the_same_motion_from_another(
    inside, tmp_path, monkeypatch, capsys
):
    with_motion, without = inside
    words = ["motion_parity.py", str(with_motion), str(without), "--footage", FOOTAGE, "--json"]
    monkeypatch.setattr(sys, "argv", words)
    assert motion_parity.main() == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert {row["footage"].rpartition(", ")[2] for row in rows} == {"as it is", "troubled", "slow"}
    assert all(row["frames"] > 5 for row in rows)

    other = from_scene_model(without)
    motion = msgspec.structs.replace(other.card.motion, smoothness=20.0)
    changed = other._replace(card=msgspec.structs.replace(other.card, motion=motion))
    words[2] = str(stage(changed, tmp_path).path)
    assert motion_parity.main() == 1
    assert "flow_mean_px" in capsys.readouterr().err
