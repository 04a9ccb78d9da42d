"""A region that is left out in training is left out for good."""

from __future__ import annotations

import json

import numpy as np
import pytest

from edge_vad.frame import Frame
from edge_vad.opencv import cv2
from edge_vad.scene_model import SceneModel
from edge_vad.scoring.detector import load
from edge_vad.sources import open_source
from edge_vad_train.checkpoint import load_trained

WIDTH, HEIGHT = 128, 96
STREET = f"test://street?seed=1&frames=120&size={WIDTH}x{HEIGHT}"
OTHER_DAY = f"test://street?seed=2&frames=50&size={WIDTH}x{HEIGHT}"
CLOCK = "[[70, 4], [124, 4], [124, 20], [70, 20]]"
TOLD = "not looked at: 1 region, about 7% of the picture"


@pytest.fixture(scope="session")
def clocked(tmp_path_factory):
    """A scene that leaves the clock out, and what `train` and `export` said of it."""
    from click.testing import CliRunner

    from edge_vad_export.cli import export
    from edge_vad_train.cli.train import train

    folder = tmp_path_factory.mktemp("clocked")
    small = ["--steps", 10, "--latent", 3, "--components", 3, "--device", "cpu"]
    words = [STREET, "--out", folder / "street", "--ignore", CLOCK, *small]
    said = [CliRunner().invoke(train, list(map(str, words)), catch_exceptions=False).output]
    words = [folder / "street", "--out", folder / "street.onnx"]
    said.append(CliRunner().invoke(export, list(map(str, words)), catch_exceptions=False).output)
    return folder / "street.onnx", said


def clock(image, text="23:59:59"):
    image = image.copy()
    cv2.rectangle(image, (70, 4), (123, 19), (255, 255, 255), -1)
    cv2.putText(image, text, (72, 16), cv2.FONT_HERSHEY_SIMPLEX, 0.35, (0, 0, 0))
    return image


def with_clock(scale=1, on=True, lower=0):
    with open_source(OTHER_DAY) as source:
        for frame in source:
            image = frame.image
            if on:
                higher = np.roll(image, -lower, axis=0)
                image = np.roll(clock(higher, f"12:00:{frame.index:02}"), lower, axis=0)
            if scale != 1:
                image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_NEAREST)
            yield Frame(image, frame.index, frame.time_s)


def decided(scene, frames):
    with load(scene, threads=1) as detector:
        return [(each.score, each.box, each.anomaly_map) for each in map(detector.detect, frames)]


def test_what_train_and_export_say_names_the_region_and_it_survives_the_export(clocked):
    scene, said = clocked
    assert all(TOLD in text for text in said), said
    card = SceneModel.read(scene).card
    assert len(card.ignored) == 1
    np.testing.assert_allclose(card.ignored[0][0], (70 / WIDTH, 4 / HEIGHT))
    assert card.score_cells == 9
    assert load_trained(scene.with_suffix("")).card.ignored == card.ignored


@pytest.mark.parametrize("scale", [1, 3])
def test_a_clock_switched_on_after_training_in_an_ignored_region_changes_no_decision(
    clocked, scale
):
    scene, _ = clocked
    usual, ticking = (decided(scene, with_clock(scale, on)) for on in (False, True))
    for (score, box, anomaly_map), (other, other_box, other_map) in zip(
        usual, ticking, strict=True
    ):
        assert (score, box) == (other, other_box)
        np.testing.assert_array_equal(anomaly_map, other_map)
    elsewhere = decided(scene, with_clock(scale, lower=60))
    assert max(score for score, *_ in elsewhere) > max(score for score, *_ in usual)


def test_nothing_of_an_ignored_region_is_learnt(clocked):
    trained = load_trained(clocked[0].with_suffix(""))
    assert (trained.sample_frames[:, 8:40, 140:248] == 0).all()
    background = trained.network.energies.views.background
    assert (background.pictures[..., 4:20, 70:124] == 0).all()
    brighter = (trained.sample_frames.float() * 1.3).clamp(0, 255).byte()
    foreground, _ = background(brighter)
    assert (foreground[..., 4:20, 70:124] == 0).all()  # whatever the light


@pytest.fixture
def recording(tmp_path, make):
    pictures = [frame.image for frame in with_clock()]
    return make.frames(tmp_path / "day", pictures)


def test_a_region_said_after_training_counts_in_run_and_score_alike(
    edge_vad, clocked, recording, tmp_path
):
    everything = f"[[0, 0], [{WIDTH}, 0], [{WIDTH}, {HEIGHT}], [0, {HEIGHT}]]"
    out = tmp_path / "out"
    words = ("--no-video", "--false-alarms", "1/minute", "--ignore", everything)
    run = edge_vad("run", clocked[0], recording, "--out", out, *words)
    assert run.code == 0
    assert "no alarm" in run.out
    assert TOLD in run.out
    assert f"--ignore '{everything}'" in run.out
    edge_vad("score", clocked[0], recording, "--out", tmp_path / "s", "--ignore", everything)
    found = [
        [json.loads(line)["score"] for line in path.read_text().splitlines()]
        for path in (out / "scores.jsonl", tmp_path / "s" / "day" / "scores.jsonl")
    ]
    assert found[0] == found[1]
    assert max(filter(None, found[0]), default=0) <= 0


def test_eval_leaves_out_a_region_of_normal_footage(edge_vad, clocked, recording, tmp_path):
    everything = f"[[0, 0], [{WIDTH}, 0], [{WIDTH}, {HEIGHT}], [0, {HEIGHT}]]"
    words = ["eval", clocked[0], recording, "--normal", "--out", tmp_path / "e", "--json"]
    answer = edge_vad(*words, "--ignore", everything)
    assert answer.code == 0, answer.err
    assert json.loads(answer.out)["clips"][0]["highest_score"] <= 0


@pytest.mark.parametrize("command", ["train", "run", "score", "eval"])
def test_a_bad_region_is_refused_in_words_by_every_command(edge_vad, recording, tmp_path, command):
    scene = [] if command == "train" else [tmp_path / "scene.onnx"]
    out = tmp_path / "out"
    answer = edge_vad(command, *scene, recording, "--out", out, "--ignore", "[[0, 0], [5, 5]]")
    assert answer.code == 2
    assert "is no region" in answer.err
    assert "Traceback" not in answer.err
    assert not out.exists()


def test_train_refuses_a_region_outside_the_footage(edge_vad, recording, tmp_path):
    far = "[[500, 0], [600, 0], [600, 80]]"
    answer = edge_vad("train", recording, "--out", tmp_path / "out", "--ignore", far)
    assert answer.code == 2
    assert f"lies outside the frames, which are {WIDTH}x{HEIGHT}" in answer.err
