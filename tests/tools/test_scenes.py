"""tools/scenes.py, with a command line that only pretends."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest
import scenes
from judging import commands, folds, measuring, precisions
from judging.commands import Done, Failed
from judging.places import Scene, find_scenes


@pytest.fixture
def data(make, tmp_path):
    """A data root with a labelled set, an office and a recording."""
    root = tmp_path / "data"
    for folder in ("ucsd/UCSDped2/Train/Train001", "ucsd/UCSDped2/Test/Test001_gt", "home_office"):
        (root / folder).mkdir(parents=True)
    (root / "ucsd/UCSDped2/Train/Train001/001.jpg").write_bytes(b"picture")
    (root / "ucsd/UCSDped2/Train/.DS_Store").write_bytes(b"")
    for name in ("day00-16.mp4", "day02-15.mp4", "day02-19.mp4"):
        (root / "home_office" / name).write_bytes(b"video")
    (root / "video").mkdir()
    make.avi(root / "video/pedestrians.avi", make.movement(20))
    return root


def clip(hours=0.5, alarms=(), **more):
    return {"name": "clip", "hours": hours, "alarms": list(alarms), **more}


ROW = {
    "micro_auc": {"mean": 0.9},
    "macro_auc": None,
    "eer": {"mean": 0.1},
    "pixel_auc": None,
    "marked_precision": None,
    "gmac": 0.02,
}
CARD = {
    "energies": {"motion": {"weight": 0.5}},
    "normal": {"hours": 2.0},
    "training": {"versions": {"torch": "2"}},
}


@pytest.fixture
def pretend(monkeypatch, tmp_path):
    """What `edge-vad` was told, in a list; it answers as the real one does."""
    told = []

    def answer(work, *words):
        told.append([str(word) for word in words])
        if words[0] == "train":
            (work / "trained").mkdir(parents=True)
        alarm = {"start_s": 1.0, "end_s": 2.0, "peak_score": 3.0, "box": [0, 0, 1, 1], "rarity": ""}
        out = {
            "eval": {"rows": [ROW | {"name": "ped2.onnx"}, ROW | {"name": "motion alone"}]},
            "run": {"footage_s": 36.0, "alarms": [alarm], "moments": [], "footing": "little"},
        }.get(words[0], {})
        if "--normal" in words:
            out = {"promised_per_hour": 1.0, "clips": [clip(alarms=[alarm], nuisance=None)]}
        return Done(json.dumps(out), 2.0, 300.0)

    monkeypatch.setattr(measuring, "edge_vad", answer)
    card = {measuring.METADATA_KEY: json.dumps(CARD)}
    monkeypatch.setattr(measuring.scene_file, "read", lambda path: b"")
    monkeypatch.setattr(measuring.scene_file, "metadata", lambda content, path: card)
    return told


@pytest.fixture
def judge(data, tmp_path, monkeypatch, capsys, pretend):
    """Runs the tool: the exit code, what it printed, and what it told."""

    def run(*words):
        places = [("--out", "out"), ("--evidence", "evidence"), ("--cache", "cache")]
        given = [each for name, place in places for each in (name, str(tmp_path / place))]
        monkeypatch.setattr(sys, "argv", ["scenes.py", "--data", str(data), *given, *words])
        code = scenes.main()
        return code, *capsys.readouterr()

    return run


def test_every_scene_that_there_is_footage_of_is_found(data, tmp_path):
    found = {scene.name: scene for scene in find_scenes(data, tmp_path / "cache")}
    assert list(found) == ["ped2", "home_office", "home_office_hour", "pets", "street"]
    assert found["ped2"].is_pixel
    assert len(found["home_office"].normal) == 2
    recording = data / "video/pedestrians.avi"
    assert found["pets"].train == (f"{recording}:0-10",)
    assert found["pets"].shown == f"{recording}:10-"


def test_more_footage_is_other_footage(data, tmp_path):
    before = find_scenes(data, tmp_path)[0].digest
    (data / "ucsd/UCSDped2/Train/.hidden").write_bytes(b"")
    assert find_scenes(data, tmp_path)[0].digest == before
    (data / "ucsd/UCSDped2/Train/Train001/002.jpg").write_bytes(b"picture")
    assert find_scenes(data, tmp_path)[0].digest != before


def test_packed_sets_are_unpacked_once_by_their_own_script(data, tmp_path):
    (data / "packed").mkdir()
    (data / "packed/clip.mp4").write_bytes(b"packed")
    (data / "unpack.py").write_text(
        "import pathlib, sys\n"
        "for part in ('Train/Train001', 'Test/Test001'):\n"
        "    (pathlib.Path(sys.argv[1]) / 'coffee_room_falls' / part).mkdir(parents=True)\n"
    )
    for _ in range(2):  # a second time the script would fail
        assert "coffee_room" in [scene.name for scene in find_scenes(data, tmp_path / "cache")]


def test_quick_measures_the_labelled_scenes_and_an_office_hour_once(judge, pretend, tmp_path):
    code, out, told = judge("--quick", "--set", "latent=4", "--recipe", "paper")
    assert code == 0
    trained = [words for words in pretend if words[0] == "train"]
    assert len(trained) == 2
    assert all(words[-6:-2] == ["--latent", "4", "--recipe", "paper"] for words in trained)
    assert "### latent=4 recipe=paper" in out
    assert "1 in 30.0 min: 2 (0.051 to 11.1), 1 promised" in out
    assert (tmp_path / "out/scenes.md").read_text() == out
    assert "[  0:00] 1/2 ped2, seed 0: training" in told


def test_what_is_known_is_not_measured_again_unless_it_is_asked_for(judge, pretend):
    judge("--scene", "ped2", "--seeds", "3")
    done = len(pretend)
    _, _, told = judge("--scene", "ped2", "--seeds", "3")
    assert "ped2, seed 3: known since" in told
    assert len(pretend) == done
    judge("--scene", "ped2", "--seeds", "3", "--again")
    assert len(pretend) == 2 * done


def test_a_scene_that_fails_is_told_and_the_others_go_on(judge, monkeypatch, tmp_path):
    works = measuring.edge_vad

    def fails(work, *words):
        if "ped2" in str(work):
            raise Failed("edge-vad train ended with 3: too short")
        return works(work, *words)

    monkeypatch.setattr(measuring, "edge_vad", fails)
    code, out, _ = judge("--quick")
    assert code == 1
    assert "failed: ped2, seed 0: edge-vad train ended with 3: too short" in out
    assert "| home_office_hour |" in out
    assert len(list((tmp_path / "evidence").iterdir())) == 1


def test_folds_and_precisions_are_added_to_what_is_known(judge, pretend, monkeypatch, tmp_path):
    monkeypatch.setattr(scenes, "measure_folds", lambda *_: {"spread": 0.5, "above": 0.02})
    aucs = {"fp32": 0.9, "fp16": 0.9, "int8": 0.89}
    monkeypatch.setattr(scenes, "measure_precisions", lambda *_: aucs)
    monkeypatch.setattr(scenes, "model_of", lambda *_: tmp_path)
    judge("--scene", "ped2", "--seeds", "0")
    pretend.clear()
    _, out, _ = judge("--scene", "ped2", "--seeds", "0", "--folds", "--precisions")
    assert pretend == []
    assert "| ped2 | 90.00 | 90.00 | 89.00 |" in out
    assert "| 0.50 | 2.0% |" in out
    assert len(list((tmp_path / "evidence").iterdir())) == 1


def test_every_precision_is_measured_beside_single_precision(monkeypatch, tmp_path):
    told = []

    def answer(work, *words):
        told.append([str(word) for word in words])
        (work / f"two.{words[2].removeprefix('--')}.onnx").touch()
        aucs = {"fp32": 0.9, words[2].removeprefix("--"): 0.88}
        proof = [{"precision": name, "auc": auc} for name, auc in aucs.items()]
        return Done(json.dumps({"proof": proof}), 1.0, 1.0)

    monkeypatch.setattr(precisions, "edge_vad", answer)
    scene = Scene("two", ("t",), form="ucsd", labelled="root", clips=("a", "b"))
    found = precisions.measure_precisions(scene, tmp_path / "two.onnx", tmp_path, lambda _: None)
    assert found == {"fp32": 0.9, "fp16": 0.88, "int8": 0.88}
    assert "--calibration" not in told[0]
    assert [word for word in told[1] if word in scene.clips] == ["a", "b"]
    assert list(tmp_path.iterdir()) == []


def test_only_labelled_scenes_have_several_seeds(judge, pretend):
    judge("--scene", "ped2", "--scene", "pets", "--seeds", "0,1")
    seeds = [words[words.index("--seed") + 1] for words in pretend if words[0] == "train"]
    assert seeds == ["0", "0", "1"]


def test_the_table_is_made_of_evidence_alone(judge, pretend):
    judge("--scene", "ped2", "--seeds", "0")
    pretend.clear()
    code, out, _ = judge("--table", "--data", "/nowhere")
    assert (code, pretend) == (0, [])
    assert "| ped2 | 0 | **fused** | 90.0 |" in out
    shown = json.loads(judge("--table", "--json")[1])
    assert shown["evidence"][0]["figures"]["weights"] == {"motion": 0.5}


def test_leaving_one_out_reads_folders_of_evidence(judge, evidence, tmp_path):
    store = scenes.Store(tmp_path / "evidence")
    for scene, setting, micro in (
        ("a", "1", 0.9),
        ("b", "1", 0.8),
        ("a", "2", 0.8),
        ("b", "2", 0.9),
    ):
        store.keep(evidence(scene, micro=micro, settings={"latent": setting}))
    _, out, _ = judge("--leave-one-out", str(tmp_path / "evidence"))
    assert "| a | latent=2 | 80.0 | latent=1 | 90.0 | 10.0 |" in out


def test_an_unknown_scene_or_root_is_refused_with_what_there_is(judge):
    with pytest.raises(SystemExit, match="choose from ped2, home_office"):
        judge("--scene", "moon")
    with pytest.raises(SystemExit, match="EDGE_VAD_DATA"):
        judge("--data", "/nowhere")


def test_alarms_are_summed_by_nuisance_and_by_light():
    lights = [
        {"light": "day", "hours": 0.4, "alarms": [{}]},
        {"light": "lamp", "hours": 0.1, "alarms": 0},
    ]
    told = [
        {"promised_per_hour": 1.0, "clips": [clip(alarms=[{}], lights=lights), clip()]},
        {"promised_per_hour": 6.0, "clips": [clip(nuisance="rain")]},
    ]
    alarms = measuring.read_alarms(told)
    assert {name: (each["hours"], each["count"]) for name, each in alarms.items()} == {
        "all": (1.0, 1),
        "day": (0.4, 1),
        "lamp": (0.1, 0),
        "rain": (0.5, 0),
    }
    assert alarms["rain"]["promised"] == 6.0


def test_a_command_that_fails_says_its_last_words(tmp_path):
    with pytest.raises(Failed, match=r"no-such-command … ended with 2: .*no-such-command"):
        commands.edge_vad(tmp_path, "no-such-command")
    done = commands.edge_vad(tmp_path, "--version")
    assert "version" in done.out
    assert done.seconds > 0
    assert done.megabytes > 1


def test_folds_score_every_clip_by_a_training_without_it(monkeypatch, tmp_path):
    scene = Scene("pair", (), clips=("one", "two"))
    trained = []

    def answer(work, *words):
        if words[0] == "train":
            (work / "trained").mkdir(parents=True)
            trained.append([word for word in words if word in scene.clips])
        if words[0] != "score":
            return Done("", 1.0, 1.0)
        files = [work / f"{clip}.jsonl" for clip in scene.clips]
        for number, file in enumerate(files):
            scores = (None, *(np.linspace(0, 1, 102) + 2 * number))
            file.write_text("".join(json.dumps({"score": each}) + "\n" for each in scores))
        return Done(json.dumps({"sources": [{"scores": str(each)} for each in files]}), 1.0, 1.0)

    monkeypatch.setattr(folds, "edge_vad", answer)
    told = folds.measure_folds(scene, 0, {}, tmp_path / "folds", lambda what: None)
    assert trained == [[scene.clips[1]], [scene.clips[0]]]
    # All of the second clip lies above the first, and none of the first above the second.
    assert told == {"spread": pytest.approx(3.0, rel=0.02), "above": 0.5}
