from __future__ import annotations

import json

import numpy as np
import pytest


def read_lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def names(folder):
    return sorted(each.name for each in folder.iterdir())


@pytest.fixture
def sources(make, tmp_path):
    return [
        make.frames(tmp_path / "monday", make.movement(12, range(5, 9))),
        make.avi(tmp_path / "tuesday.avi", make.movement(9, range(0))),
    ]


def test_every_source_gets_a_folder_with_its_scores(edge_vad, tiny_scene, sources, tmp_path):
    answer = edge_vad("score", tiny_scene(), *sources, "--out", tmp_path / "out")
    assert answer.code == 0
    assert {"monday", "tuesday"} < set(names(tmp_path / "out"))
    assert {"moments", "scores.jsonl"} < set(names(tmp_path / "out/monday"))
    lines = read_lines(tmp_path / "out/monday/scores.jsonl")
    assert [line["index"] for line in lines] == list(range(12))
    assert any(line["anomalous"] for line in lines)
    assert "monday: 12 frames, 5 anomalous, highest " in answer.out
    assert "tuesday: 9 frames" in answer.out


def test_maps_hold_one_map_a_frame(edge_vad, tiny_scene, sources, tmp_path):
    edge_vad("score", tiny_scene(), sources[0], "--out", tmp_path / "out", "--maps")
    lines = read_lines(tmp_path / "out/monday/scores.jsonl")
    with np.load(tmp_path / "out/monday/maps.npz", allow_pickle=False) as archive:
        maps = archive["maps"]
    assert (maps.shape, maps.dtype) == ((12, 5, 7), np.float32)
    # The tiny scene's score is its highest cell.
    highest = maps.max(axis=(1, 2))
    np.testing.assert_allclose(highest, [line["score"] or 0.0 for line in lines], atol=1e-6)


def test_json_is_the_only_thing_on_stdout(edge_vad, tiny_scene, sources, tmp_path):
    answer = edge_vad("score", tiny_scene(), *sources, "--out", tmp_path / "out", "--json")
    first, second = json.loads(answer.out)["sources"]
    assert (first["source"], first["frames"], first["maps"]) == ("monday", 12, None)
    assert second["scores"] == str(tmp_path / "out/tuesday/scores.jsonl")


def test_scores_are_those_of_run(edge_vad, tiny_scene, sources, tmp_path):
    edge_vad("score", tiny_scene(), *sources, "--out", tmp_path / "scores")
    edge_vad("run", tiny_scene(), sources[0], "--out", tmp_path / "run", "--no-video")
    scores, run = tmp_path / "scores/monday/scores.jsonl", tmp_path / "run/scores.jsonl"
    assert scores.read_text() == run.read_text()


def test_two_sources_of_one_name_are_refused_before_any_work(
    edge_vad, tiny_scene, sources, make, tmp_path
):
    (tmp_path / "other").mkdir()
    twin = make.frames(tmp_path / "other/monday", make.movement(2))
    answer = edge_vad("score", tiny_scene(), *sources, twin, "--out", tmp_path / "out")
    assert answer.code == 2
    assert "2 sources have the name 'monday'" in answer.err
    assert not (tmp_path / "out").exists()


def test_a_missing_source_is_refused_before_any_work(edge_vad, tiny_scene, sources, tmp_path):
    missing = tmp_path / "missing.mp4"
    answer = edge_vad("score", tiny_scene(), *sources, missing, "--out", tmp_path / "out")
    assert answer.code == 2
    assert not (tmp_path / "out").exists()


def test_without_a_source_the_usage_is_shown(edge_vad, tiny_scene, tmp_path):
    answer = edge_vad("score", tiny_scene(), "--out", tmp_path / "out")
    assert answer.code == 2
    assert "SOURCES" in answer.err


@pytest.mark.parametrize("place", ["/proc/edge-vad", "scene.onnx", "scene.onnx/below"])
def test_a_folder_that_cannot_be_written_is_refused(edge_vad, tiny_scene, sources, tmp_path, place):
    answer = edge_vad("score", tiny_scene(), *sources, "--out", tmp_path / place)
    assert answer.code == 3
    assert "cannot write into the folder" in answer.err


def test_a_source_that_breaks_leaves_what_was_finished(edge_vad, tiny_scene, make, tmp_path):
    broken = make.frames(tmp_path / "tuesday", make.movement(12))
    (broken / "010.png").write_bytes(b"broken")
    out = tmp_path / "out"
    answer = edge_vad("score", tiny_scene(), broken, "--out", out, "--maps", "--strict")
    assert answer.code == 3
    assert f"what was finished is in {out / 'tuesday/interrupted'}" in answer.err
    assert names(out / "tuesday/interrupted") == ["maps.npz", "scores.jsonl"]


def test_a_single_source_leaves_its_folder_and_nothing_else(
    edge_vad, tiny_scene, sources, tmp_path
):
    answer = edge_vad("score", tiny_scene(), sources[0], "--out", tmp_path / "out")
    assert (answer.code, answer.err) == (0, "")
    assert names(tmp_path / "out") == ["monday"]
    assert names(tmp_path / "out/monday") == ["moments", "scores.jsonl"]


def test_the_threshold_is_said_as_false_alarms(edge_vad, tiny_scene, sources, tmp_path):
    words = ("score", tiny_scene(), sources[0], "--json", "--out", tmp_path / "out")
    often, rare = (
        json.loads(edge_vad(*words, "--false-alarms", rate).out)["sources"][0]
        for rate in ("10/hour", "0.0000001/week")
    )
    assert often["anomalous"] > rare["anomalous"]
    assert often["rarity"].startswith("far above anything in 2 hours of normal footage")
    assert edge_vad(*words, "--false-alarms", "few").code == 2


def test_every_source_has_its_strangest_moments(edge_vad, tiny_scene, sources, tmp_path):
    words = ("score", tiny_scene(), *sources, "--out", tmp_path / "out")
    monday, tuesday = json.loads(edge_vad(*words, "--json").out)["sources"]
    told = json.loads((tmp_path / "out/monday/moments/moments.json").read_text())
    assert monday["moments"] == told
    assert 5 <= told[0]["index"] <= 10
    assert monday["accepted"] == "1/hour"
    assert (tmp_path / "out/monday" / told[0]["picture"]).stat().st_size
    assert len(tuesday["moments"]) <= 3
    shown = edge_vad(*words).out
    assert str(tmp_path / "out/monday/moments/1.jpg") in shown
    assert "accepted on normal footage: 1/hour\n  by default" in shown
    assert "the thresholds stand on 2 hours of normal footage" in shown
