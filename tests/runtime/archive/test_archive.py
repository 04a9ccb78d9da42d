from __future__ import annotations

import json
import shutil
import sqlite3
import sys
from contextlib import closing
from dataclasses import replace
from functools import partial

import bulk_work
import pytest
from msgspec import structs

from edge_vad.archive.joining import join_results
from edge_vad.archive.plan import Manifest, ScoringSettings, plan_archive, write_manifest
from edge_vad.archive.result import read_result
from edge_vad.archive.worker import ClipWorker
from edge_vad.bulk.jobs import run_jobs
from edge_vad.bulk.processes import ProcessPool
from edge_vad.errors import BadInput
from edge_vad.scene_model import SceneModel
from edge_vad.sinks.store import StoredEvents

NIGHT, MORNING = "gate_2026-05-01_23-30-00.000Z", "gate_2026-05-02_06-00-00.500Z"


@pytest.fixture
def clips(make, tmp_path):
    """Two clips with an event each, and one without."""
    return [
        make.avi(tmp_path / f"{NIGHT}.avi", make.movement(20, range(5, 12))),
        make.avi(tmp_path / f"{MORNING}.avi", make.movement(18, range(6, 11))),
        make.avi(tmp_path / "calm.avi", make.movement(9, range(0))),
    ]


@pytest.fixture
def score(edge_vad, tiny_scene, tmp_path):
    """Scores sources into a folder with two workers."""
    scene = tiny_scene("gate.onnx")

    def run(*words, out="out"):
        return edge_vad("score", scene, *words, "--out", tmp_path / out, "--workers", 2)

    return run


def content(folder):
    """All files of a folder; of the store what it holds."""
    files = {
        each.relative_to(folder).as_posix(): each.read_bytes()
        for each in folder.rglob("*")
        if each.is_file() and each.suffix != ".sqlite"
    }
    with closing(sqlite3.connect(folder / "events/events.sqlite")) as connection:
        return files | {"store": "\n".join(connection.iterdump())}


def rows(path):
    parquet = pytest.importorskip("pyarrow.parquet", reason="needs edge-vad[archive]")
    return parquet.read_table(path).to_pylist()


def test_clips_are_joined_into_a_table_and_a_store_of_events(score, clips, tmp_path):
    answer = score(*clips, "--json")
    assert answer.code == 0
    told = json.loads(answer.out)
    assert [each["source"] for each in told["sources"]] == ["calm", NIGHT, MORNING]
    assert (told["camera"], told["failed"], told["clips"]) == ("gate", [], 3)
    events = sorted(StoredEvents(tmp_path / "out/events").newest(10), key=lambda each: each.start)
    assert [each.camera for each in events] == ["gate", "gate"]
    assert all(each.snapshot for each in events)
    table = rows(tmp_path / "out/scores.parquet")
    assert len(table) == 47
    assert [row["frame"] for row in table if row["source"] == MORNING] == list(range(18))
    assert {row["camera"] for row in table} == {"gate"}
    for source, event in zip((NIGHT, MORNING), events, strict=True):
        within = [row for row in table if row["event"] == event.id]
        assert {row["source"] for row in within} == {source}
        assert within[0]["taken_at"].timestamp() == pytest.approx(event.start)
        assert within[-1]["taken_at"].timestamp() == pytest.approx(event.end)
        assert max(row["score"] for row in within) == pytest.approx(event.score)
    assert table[0] == {
        "camera": "gate",
        "source": "calm",
        "frame": 0,
        "time": 0.0,
        "score": None,
        "event": None,
        "taken_at": None,
    }


def test_the_table_has_the_scores_of_the_files_beside_it(score, clips, tmp_path):
    score(*clips)
    lines = (tmp_path / f"out/{NIGHT}/scores.jsonl").read_text().splitlines()
    table = [row for row in rows(tmp_path / "out/scores.parquet") if row["source"] == NIGHT]
    assert [row["score"] for row in table] == [json.loads(line)["score"] for line in lines]


def test_a_corrupt_clip_among_good_ones_is_told_and_the_others_are_done(score, clips, tmp_path):
    broken = tmp_path / "broken.avi"
    broken.write_bytes(b"no video" * 100)
    answer = score(*clips, broken, "--json")
    assert answer.code == 7
    told = json.loads(answer.out)
    (failed,) = told["failed"]
    assert (failed["source"], failed["code"]) == ("broken", "bad-input")
    assert "cannot be read as a video" in failed["what"]
    assert len(told["sources"]) == 3
    assert "1 of 4 clips failed: broken" in answer.err
    assert not (tmp_path / "out/broken").exists()
    score(*clips, out="without")
    assert content(tmp_path / "out") == content(tmp_path / "without")


def test_what_is_done_is_not_done_again(score, clips, tmp_path):
    assert score(clips[0], "--json").code == 0
    times = {each: each.stat().st_mtime_ns for each in (tmp_path / f"out/{NIGHT}").rglob("*")}
    told = json.loads(score(*clips, "--json").out)
    assert told["done_before"] == [NIGHT]
    assert len(told["sources"]) == 3
    assert times == {each: each.stat().st_mtime_ns for each in times}
    score(*clips, out="at_once")
    assert content(tmp_path / "out") == content(tmp_path / "at_once")
    before = (tmp_path / "out/events/events.sqlite").read_bytes()
    told = json.loads(score(*clips, "--json").out)
    assert len(told["done_before"]) == 3
    assert (tmp_path / "out/events/events.sqlite").read_bytes() == before


def test_a_copy_of_a_clip_elsewhere_is_the_same_clip(score, clips, tmp_path):
    score(*clips)
    (tmp_path / "moved").mkdir()
    moved = [each.rename(tmp_path / "moved" / each.name) for each in clips]
    assert len(json.loads(score(*moved, "--json").out)["done_before"]) == 3


def test_a_killed_worker_changes_nothing(tiny_scene, clips, tmp_path):
    scene = tiny_scene("gate.onnx")
    manifest = Manifest("gate", SceneModel.read(scene).sha256, ScoringSettings("onnxruntime", 1))
    (tmp_path / "killed").mkdir()
    for name in ("plain", "killed"):
        out = tmp_path / f"by_{name}"
        out.mkdir()
        plan = plan_archive(out, scene, manifest, [str(each) for each in clips])
        write_manifest(plan)
        make = partial(ClipWorker, out, scene, manifest, 0)
        if name == "killed":
            make = partial(bulk_work.make_deadly_once, tmp_path / "killed", make)
        outcomes = [*run_jobs(plan.jobs, ProcessPool(make, 2, 1))]
        assert not [each.failure for each in outcomes if each.failure]
        join_results(out)
    assert (tmp_path / "killed/killed").exists()
    assert content(tmp_path / "by_killed") == content(tmp_path / "by_plain")


@pytest.mark.parametrize("change", [["--false-alarms", "1/day"], ["--maps"], ["--camera", "yard"]])
def test_results_by_other_settings_are_not_mixed_with_these(score, clips, tmp_path, change):
    score(clips[0])
    before = content(tmp_path / "out")
    answer = score(*clips, *change)
    assert answer.code == 3
    assert "holds results of another scene, camera or other settings" in answer.err
    assert content(tmp_path / "out") == before


def test_a_clip_of_the_name_of_another_one_is_refused_and_nothing_is_overwritten(
    score, clips, make, tmp_path
):
    score(*clips)
    before = content(tmp_path / "out")
    (tmp_path / "other").mkdir()
    other = make.avi(tmp_path / f"other/{NIGHT}.avi", make.movement(12))
    answer = score(other, clips[2])
    assert answer.code == 3
    assert "holds something else than the scores of this clip" in answer.err
    assert content(tmp_path / "out") == before


def test_a_folder_of_something_else_is_not_overwritten(score, clips, tmp_path):
    (tmp_path / f"out/{NIGHT}").mkdir(parents=True)
    (tmp_path / f"out/{NIGHT}/scores.jsonl").write_text("mine")
    assert score(*clips).code == 3
    assert (tmp_path / f"out/{NIGHT}/scores.jsonl").read_text() == "mine"


def test_a_dry_run_says_what_would_be_done_and_writes_nothing(score, clips, tmp_path):
    answer = score(*clips[:2], "--dry-run")
    assert answer.code == 0
    assert f"2 clips would be scored into {tmp_path / 'out'}, by 2 processes" in answer.out
    assert "about 38 frames: " in answer.out
    assert f"frames of {NIGHT}" in answer.out
    assert not (tmp_path / "out").exists()
    score(clips[0])
    told = json.loads(score(*clips, "--dry-run", "--json").out)
    assert (told["done"], told["sources"]) == ([NIGHT], ["calm", MORNING])
    assert told["forecast"]["frames_per_second"] > 0


@pytest.mark.parametrize("source", ["rtsp://127.0.0.1/live", "calm.avi?realtime=1"])
def test_a_camera_is_no_part_of_an_archive(score, clips, tmp_path, source, monkeypatch):
    monkeypatch.chdir(tmp_path)
    answer = score(clips[0], source)
    assert answer.code == 2
    assert "an archive is made of recordings" in answer.err


def test_events_of_clips_that_tell_no_time_are_said_to_have_none(score, make, tmp_path):
    clip = make.avi(tmp_path / "yard.avi", make.movement(20, range(5, 12)))
    answer = score(clip)
    assert "the names of 1 clips with events do not tell when they were begun" in answer.err
    (event,) = StoredEvents(tmp_path / "out/events").newest(10)
    assert 0 < event.start < 10


def test_without_pyarrow_there_is_everything_but_the_table(score, clips, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    answer = score(*clips)
    assert answer.code == 0
    assert "pip install 'edge-vad[archive]'" in answer.err
    assert not (tmp_path / "out/scores.parquet").exists()
    assert (tmp_path / "out/events/events.sqlite").exists()
    monkeypatch.undo()
    score(*clips)
    assert len(rows(tmp_path / "out/scores.parquet")) == 47


def test_marks_of_people_stay_when_clips_are_added(score, clips, tmp_path):
    score(clips[0])
    with closing(sqlite3.connect(tmp_path / "out/events/events.sqlite")) as connection:
        connection.execute("UPDATE events SET starred = 1")
        connection.commit()
    score(*clips)
    events = StoredEvents(tmp_path / "out/events").newest(10)
    assert sorted(each.starred for each in events) == [False, True]


@pytest.fixture
def prepared(tiny_scene, tmp_path):
    """A folder of results that is planned, and what works in it: `prepared(clips)`."""
    scene = tiny_scene("gate.onnx")
    manifest = Manifest("gate", SceneModel.read(scene).sha256, ScoringSettings("onnxruntime", 1))

    def plan(clips):
        (tmp_path / "out").mkdir(exist_ok=True)
        planned = plan_archive(tmp_path / "out", scene, manifest, [str(each) for each in clips])
        write_manifest(planned)
        return planned, ClipWorker(tmp_path / "out", scene, manifest, 0)

    return plan


def test_a_clip_that_is_written_to_while_it_is_scored_is_told_and_not_taken(
    prepared, clips, tmp_path, monkeypatch
):
    plan, worker = prepared(clips[:1])
    score = ClipWorker._score

    def written_to(self, clip, folder):
        score(self, clip, folder)
        with clips[0].open("ab") as file:
            file.write(b"more")

    monkeypatch.setattr(ClipWorker, "_score", written_to)
    with pytest.raises(BadInput, match="written to while it was scored"):
        worker(plan.jobs[0].work)
    assert not (tmp_path / f"out/{NIGHT}").exists()


def test_results_of_another_clip_of_the_name_that_came_meanwhile_are_not_taken_for_this_one_s(
    prepared, clips, make, tmp_path
):
    plan, worker = prepared(clips[:1])
    make.avi(clips[0], make.movement(12))
    other, other_worker = prepared(clips[:1])
    other_worker(other.jobs[0].work)
    (key,) = {read_result(tmp_path / f"out/{NIGHT}").key}
    make.avi(clips[0], make.movement(20, range(5, 12)))
    with pytest.raises(OSError, match="not empty"):
        worker(plan.jobs[0].work)
    assert read_result(tmp_path / f"out/{NIGHT}").key == key


def test_an_archive_that_came_to_be_after_this_one_was_planned_is_not_mixed_with_it(
    score, clips, tmp_path, monkeypatch
):
    def planned(*arguments):
        mine = plan_archive(*arguments)
        (tmp_path / "out").mkdir()
        write_manifest(replace(mine, manifest=structs.replace(mine.manifest, camera="yard")))
        return mine

    monkeypatch.setattr("edge_vad.cli.score_archive.plan_archive", planned)
    answer = score(*clips)
    assert answer.code == 3
    assert "holds results of another scene, camera or other settings" in answer.err
    assert [each.name for each in (tmp_path / "out").iterdir()] == ["archive.json"]
    assert json.loads((tmp_path / "out/archive.json").read_text())["camera"] == "yard"


def test_what_a_killed_run_left_unfinished_is_deleted(score, clips, tmp_path):
    score(*clips)
    (tmp_path / "out/.scores.parquet.0123abcd.partial").write_text("half a table")
    (tmp_path / "out/.partial/clip").mkdir(parents=True)
    assert score(*clips).code == 0
    assert not [each for each in (tmp_path / "out").iterdir() if "partial" in each.name]


def test_a_copy_of_a_clip_s_results_is_told_and_counts_once(score, clips, tmp_path):
    score(*clips)
    shutil.copytree(tmp_path / f"out/{NIGHT}", tmp_path / "out/copy")
    answer = score(*clips)
    assert answer.code == 3
    assert f"it is the result of the clip {NIGHT}" in answer.err
    assert len(rows(tmp_path / "out/scores.parquet")) == 47


@pytest.mark.parametrize(
    "change",
    [
        lambda said: said["scores"].update(source="../yard"),
        lambda said: said["events"][0]["event"].update(id="00000000-0000/../../../../yard"),
    ],
)
def test_names_in_results_lead_nowhere_else(score, clips, tmp_path, change):
    score(*clips)
    path = tmp_path / f"out/{NIGHT}/result.json"
    said = json.loads(path.read_text())
    change(said)
    path.write_text(json.dumps(said))
    answer = score(*clips)
    assert answer.code == 3
    assert "is broken" in answer.err


def test_the_store_has_no_events_of_a_clip_that_was_replaced(score, clips, make, tmp_path):
    score(*clips)
    make.avi(clips[0], make.movement(20, range(8, 15)))
    shutil.rmtree(tmp_path / f"out/{NIGHT}")
    assert score(*clips).code == 0
    score(*clips, out="anew")
    store, anew = (StoredEvents(tmp_path / each / "events").newest(10) for each in ("out", "anew"))
    assert [each.id for each in store] == [each.id for each in anew]
    assert len([*(tmp_path / "out/events").rglob("*.jpg")]) == 2


def test_a_clip_that_cannot_be_read_is_told_and_the_others_are_done(score, clips):
    answer = score(*clips, "/proc/self/mem", "--json")  # opens, and has no first byte
    assert answer.code == 7
    told = json.loads(answer.out)
    assert [each["source"] for each in told["failed"]] == ["mem"]
    assert len(told["sources"]) == 3
    assert "1 clips would be scored" in score(*clips, "/proc/self/mem", "--dry-run").out


@pytest.mark.parametrize("camera", ["", "../gate", "gate\x1b[2J", "für", "x" * 65])
def test_the_name_of_a_camera_is_one_that_a_site_file_could_have(score, clips, camera):
    answer = score(clips[0], "--camera", camera)
    assert answer.code == 2
    assert "is no name of a camera" in answer.err
    assert "\x1b" not in answer.err


@pytest.mark.parametrize("name", ["events", "scores.parquet", "archive.json"])
def test_a_clip_may_not_be_called_like_what_is_beside_it(score, make, tmp_path, name):
    clip = make.avi(tmp_path / f"{name}.avi", make.movement(5))
    answer = score(clip)
    assert answer.code == 2
    assert f"a clip is called {name!r}" in answer.err
