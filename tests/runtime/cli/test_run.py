from __future__ import annotations

import json
import os
import shlex

import msgspec
import pytest

from edge_vad.false_alarms import NormalTail
from edge_vad.opencv import cv2
from edge_vad.sources import open_source

FILES = ["annotated.mp4", "events.jsonl", "scores.jsonl", "timeline.png"]
OUTPUTS = sorted([*FILES, "moments"])


def read_lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def names(folder):
    return sorted(each.name for each in folder.iterdir())


def test_it_writes_video_scores_events_and_timeline(edge_vad, tiny_scene, clip, tmp_path):
    answer = edge_vad("run", tiny_scene(), clip, "--out", tmp_path / "out")
    assert answer.code == 0
    assert names(tmp_path / "out") == OUTPUTS
    scores = read_lines(tmp_path / "out/scores.jsonl")
    assert [score["index"] for score in scores] == list(range(40))
    (event,) = read_lines(tmp_path / "out/events.jsonl")
    anomalous = [score["index"] for score in scores if score["anomalous"]]
    assert (event["start_index"], event["end_index"]) == (anomalous[0], anomalous[-1])


def test_it_tells_alarms_and_their_rate_with_what_the_footage_allows(
    edge_vad, tiny_scene, clip, tmp_path
):
    answer = edge_vad("run", tiny_scene(), clip, "--out", tmp_path / "out", "--no-video")
    assert "clip: 40 frames (0:04.0)" in answer.out
    assert "1 alarm:" in answer.out
    # One alarm in four seconds: 900 an hour; Garwood's interval is 0.0253 to 5.57 times that.
    assert "alarms an hour: 900 (95% interval 23 to 5,014)" in answer.out
    assert "accepted on normal footage: 1 an hour" in answer.out
    assert answer.err == ""


def test_an_alarm_and_the_moment_in_it_are_told_by_the_same_score(
    edge_vad, tiny_scene, clip, tmp_path
):
    words = ("run", tiny_scene(), clip, "--out", tmp_path / "out", "--no-video")
    (alarm,) = json.loads(edge_vad(*words, "--json").out)["alarms"]
    assert [alarm] == read_lines(tmp_path / "out/events.jsonl")
    moment = json.loads((tmp_path / "out/moments/moments.json").read_text())[0]
    assert alarm["start_s"] <= moment["time_s"] <= alarm["end_s"]
    assert alarm["persistent_score"] == moment["persistent_score"] < alarm["peak_score"]
    assert alarm["normal_per_hour"] == moment["normal_per_hour"]
    told = edge_vad(*words).out
    assert told.count(f"{alarm['persistent_score']:.3g} for 3 frames") == 2
    assert f"highest score {alarm['peak_score']:.3g} in frame {alarm['peak_index']}" in told


def test_the_last_line_is_the_command_for_fewer_alarms(edge_vad, tiny_scene, clip, tmp_path):
    out = tmp_path / "with space"
    answer = edge_vad("run", tiny_scene(), clip, "--out", out, "--no-video", "--threads", 1)
    wanted, command = answer.out.splitlines()[-2:]
    assert wanted == "for fewer alarms, in place of these results:"
    words = shlex.split(command)
    assert words[-3:] == ["1", "--false-alarms", "1/day"]
    assert edge_vad(*words[1:]).code == 0


def test_without_an_alarm_the_last_line_is_the_command_that_has_one(
    edge_vad, tiny_scene, clip, tmp_path
):
    thin = NormalTail(2.0, 72000, start=1.0, alarms_per_hour=10.0, scale=9.0, shape=0.0)
    words = ("run", tiny_scene(normal=thin), clip, "--out", tmp_path / "out", "--no-video")
    answer = edge_vad(*words, "--false-alarms", "1/week")
    assert "no alarm" in answer.out
    wanted, command = answer.out.splitlines()[-2:]
    assert wanted == "for more alarms, in place of these results:"
    assert "1 alarm:" in edge_vad(*shlex.split(command)[1:]).out


def test_what_was_learnt_from_is_told(edge_vad, tiny_scene, make, clip, tmp_path):
    training = msgspec.structs.replace(make.card().training, sources=(clip.name,))
    out = ("--out", tmp_path / "out", "--no-video")
    answer = edge_vad("run", tiny_scene(training=training), clip, *out)
    assert "clip was learnt from" in answer.err


def test_alarms_that_last_for_most_of_a_recording_are_too_many(
    edge_vad, tiny_scene, clip, tmp_path
):
    out = ("--out", tmp_path / "out", "--no-video", "--false-alarms", "50/minute")
    answer = edge_vad("run", tiny_scene(), f"{clip}:16-25", *out)
    assert "1 alarm:" in answer.out
    assert answer.out.splitlines()[-2] == "for fewer alarms, in place of these results:"


def test_where_nothing_is_strange_the_last_line_is_the_command_for_more(
    edge_vad, tiny_scene, clip, tmp_path
):
    answer = edge_vad("run", tiny_scene(), f"{clip}:0-15", "--out", tmp_path / "out", "--no-video")
    assert "no alarm" in answer.out
    assert answer.out.splitlines()[-2] == "for more alarms, in place of these results:"
    assert answer.out.endswith("--false-alarms 10/hour\n")


@pytest.mark.parametrize("rate", ["0.1/week", "1/week", "7/day", "1/hour", "1/minute", "50/minute"])
@pytest.mark.parametrize("frames", ["0-15", "0-40"])
def test_the_suggested_rate_is_always_another_valid_one(
    edge_vad, tiny_scene, clip, tmp_path, rate, frames
):
    out = ("--out", tmp_path / "out", "--no-video", "--json")
    answer = edge_vad("run", tiny_scene(), f"{clip}:{frames}", *out, "--false-alarms", rate)
    words = shlex.split(json.loads(answer.out)["next_command"])
    assert words[-1] != rate
    assert edge_vad(*words[1:], "--json").code == 0


def test_json_is_the_only_thing_on_stdout(edge_vad, tiny_scene, clip, tmp_path):
    out = ("--out", tmp_path / "out", "--json")
    answer = edge_vad("run", tiny_scene(), clip, *out, "--false-alarms", "1/week")
    summary = json.loads(answer.out)
    assert (summary["source"], summary["frames"], len(summary["alarms"])) == ("clip", 40, 1)
    assert summary["alarms_per_hour"] == pytest.approx(900)
    assert summary["threshold_extrapolated"]


def test_a_threshold_beyond_the_normal_footage_is_told(edge_vad, tiny_scene, clip, tmp_path):
    out = ("--out", tmp_path / "out", "--no-video", "--false-alarms", "1/day")
    answer = edge_vad("run", tiny_scene(), clip, *out)
    assert "1 a day is rarer, so it is extrapolated" in answer.out


def test_the_strangest_moments_are_told_whatever_the_threshold(
    edge_vad, tiny_scene, clip, tmp_path
):
    out = ("--out", tmp_path / "out", "--no-video", "--false-alarms", "0.0001/week")
    scene = tiny_scene(normal=NormalTail(2.0, 72000, 1.0, 10.0, 1e3, 0.0))
    answer = edge_vad("run", scene, clip, *out)
    assert "no alarm" in answer.out
    assert "strangest moments, whatever the threshold:" in answer.out
    moments = json.loads((tmp_path / "out/moments/moments.json").read_text())
    assert [moment["rank"] for moment in moments] == list(range(1, len(moments) + 1))
    first = moments[0]
    assert 15 <= first["index"] <= 27  # it moves in frames 15 to 24
    x, y, width, height = first["box"]
    assert x < 32 < x + width
    assert y < 24 < y + height
    assert cv2.imread(str(tmp_path / "out" / first["picture"])).shape == (480, 640, 3)
    summary = json.loads(edge_vad("run", scene, clip, *out, "--json").out)
    assert summary["moments"] == moments
    assert names(tmp_path / "out/moments")[:-1] == [f"{each['rank']}.jpg" for each in moments]


def test_moments_of_an_earlier_run_do_not_stay(edge_vad, tiny_scene, clip, tmp_path):
    out = ("--out", tmp_path / "out", "--no-video")
    edge_vad("run", tiny_scene(), clip, *out)
    (tmp_path / "out/moments/9.jpg").write_bytes(b"")
    assert edge_vad("run", tiny_scene(), f"{clip}:0-1", *out).code == 0
    assert names(tmp_path / "out/moments") == ["moments.json"]


@pytest.mark.parametrize(
    ("hours", "rate", "words"),
    [
        (24.0, "1/day", "24 hours of normal footage"),
        (1.0, "1/hour", "60 minutes of normal footage"),
        (1 / 12, "12/hour", "5 minutes of normal footage"),
        (1 / 360, "10/minute", "10 seconds of normal footage"),
    ],
)
def test_the_rate_follows_from_the_footage_unless_it_is_said(
    edge_vad, tiny_scene, clip, tmp_path, hours, rate, words
):
    scene = tiny_scene(normal=NormalTail(hours, 9, 1.0, 600.0, 0.3, 0.0))
    out = ("--out", tmp_path / "out", "--no-video")
    said, told = edge_vad("run", scene, clip, *out, "--json"), edge_vad("run", scene, clip, *out)
    summary = json.loads(said.out)
    assert (summary["accepted"], summary["accepted_by_default"]) == (rate, True)
    assert words in summary["footing"]
    assert f"by default, --false-alarms says another rate; {summary['footing']}" in told.out
    assert ("is rarer, so it is extrapolated" in told.out) is False
    said = edge_vad("run", scene, clip, *out, "--false-alarms", "2/week", "--json")
    summary = json.loads(said.out)
    assert (summary["accepted"], summary["accepted_by_default"]) == ("2/week", False)
    assert "extrapolated" in summary["footing"]


def test_a_rate_that_is_too_low_is_warned_of_or_refused(edge_vad, tiny_scene, clip, tmp_path):
    out = ("--out", tmp_path / "out", "--no-video")
    assert "what moves fast may be missed" in edge_vad("run", tiny_scene(fps=25.0), clip, *out).err
    assert edge_vad("run", tiny_scene(fps=11.0), clip, *out).err == ""
    slow = edge_vad("run", tiny_scene(), f"{clip}?fps=0.5", *out)
    assert slow.code == 3
    assert "too few to say anything of motion" in slow.err


def test_a_faster_recording_is_thinned_and_its_video_plays_as_long(
    edge_vad, tiny_scene, clip, tmp_path
):
    out = tmp_path / "out"
    answer = edge_vad("run", tiny_scene(fps=10 / 3), clip, "--out", out)
    assert answer.out.startswith("clip: 14 frames (0:04.2)")
    with open_source(out / "annotated.mp4") as video:
        assert list(video)[-1].time_s == pytest.approx(3.9, abs=0.01)


def test_several_recordings_are_watched_as_one(edge_vad, tiny_scene, clip, tmp_path):
    out = tmp_path / "out"
    answer = edge_vad("run", tiny_scene(), clip, clip, "--out", out, "--no-video")
    assert answer.out.startswith("clip_and_1_more: 80 frames (0:08.0)")
    starts = [event["start_s"] for event in read_lines(out / "events.jsonl")]
    assert starts[1] == pytest.approx(starts[0] + 4.0)
    camera = edge_vad("run", tiny_scene(), clip, "rtsp://127.0.0.1:9/x", "--out", out)
    assert (camera.code, "site file" in camera.err) == (2, True)


def test_a_word_that_is_not_utf_8_is_refused_in_words(edge_vad, tiny_scene, clip, tmp_path):
    odd = os.fsdecode(b"stra\xdfe.mp4")
    for words in (("run", tiny_scene(), odd), ("run", tiny_scene(), clip, "--out", odd)):
        answer = edge_vad(*words)
        assert answer.code == 2
        assert "is not UTF-8" in answer.err
    assert edge_vad("train", odd, "--out", tmp_path / "out").code == 2


def test_skipped_frames_are_counted_unless_strict(edge_vad, tiny_scene, clip, tmp_path):
    (clip / "020.png").write_bytes(b"broken")
    out = ("--out", tmp_path / "out", "--no-video")
    answer = edge_vad("run", tiny_scene(), clip, *out)
    assert answer.code == 0
    assert "warning: 1 frame of clip could not be read and was skipped" in answer.err
    assert "39 frames" in answer.out
    assert edge_vad("run", tiny_scene(), clip, *out, "--strict").code == 3


def test_a_video_of_an_earlier_run_is_told_apart(edge_vad, tiny_scene, clip, tmp_path):
    out = ("--out", tmp_path / "out")
    edge_vad("run", tiny_scene(), clip, *out)
    assert "is of an earlier run" in edge_vad("run", tiny_scene(), clip, *out, "--no-video").err


@pytest.mark.parametrize(
    ("scene", "source", "options", "code", "message"),
    [
        ("missing.onnx", "clip", (), 3, "missing.onnx cannot be read"),
        ("scene.onnx", "missing.mp4", (), 2, "does not exist"),
        ("scene.onnx", "clip", ("--false-alarms", "few"), 2, "not a rate"),
        ("scene.onnx", "clip", ("--backend", "abacus"), 2, "abacus"),
        ("scene.onnx", "clip", ("--threads", "0"), 2, "--threads"),
        ("scene.onnx", "clip", ("--out", "clip/000.png"), 3, "cannot write into the folder"),
        ("scene.onnx", "clip", ("--out", "/proc/edge-vad"), 3, "cannot write into the folder"),
    ],
)
def test_wrong_words_are_told_and_leave_nothing_behind(
    edge_vad, tiny_scene, clip, tmp_path, monkeypatch, scene, source, options, code, message
):
    tiny_scene()
    monkeypatch.chdir(tmp_path)
    answer = edge_vad("run", scene, source, "--out", "out/below", *options)
    assert answer.code == code
    assert message in answer.err
    assert answer.out == ""
    assert names(tmp_path) == ["clip", "scene.onnx"]


def test_footage_of_another_shape_is_refused(edge_vad, tiny_scene, make, tmp_path):
    wide = make.frames(tmp_path / "wide", [make.texture(width=128)] * 3)
    answer = edge_vad("run", tiny_scene(), wide, "--out", tmp_path / "out")
    assert answer.code == 3
    assert "the frames are 128x48" in answer.err
    assert not (tmp_path / "out").exists()


def test_a_video_cut_short_is_watched_to_its_end_with_a_warning(
    edge_vad, tiny_scene, make, tmp_path, caplog
):
    video = make.avi(tmp_path / "clip.avi", make.movement())
    content = video.read_bytes()
    video.write_bytes(content[: len(content) // 2])
    answer = edge_vad("run", tiny_scene(), video, "--out", tmp_path / "out")
    assert answer.code == 0
    assert "ends after" in caplog.text


def test_footage_that_breaks_leaves_earlier_outputs_whole(edge_vad, tiny_scene, make, tmp_path):
    video, out = make.frames(tmp_path / "clip", make.movement()), tmp_path / "out"
    assert edge_vad("run", tiny_scene(), video, "--out", out).code == 0
    before = {name: (out / name).read_bytes() for name in FILES}
    (video / "030.png").write_bytes(b"broken")

    answer = edge_vad("run", tiny_scene(), video, "--out", out, "--strict")
    assert answer.code == 3
    assert f"what was finished is in {out / 'interrupted'}" in answer.err
    assert "cannot be read" in answer.err
    assert {name: (out / name).read_bytes() for name in FILES} == before
    assert names(out) == sorted([*OUTPUTS, "interrupted"])
    assert names(out / "interrupted") == OUTPUTS


def test_an_event_is_told_with_its_rarity(edge_vad, tiny_scene, clip, tmp_path):
    answer = edge_vad("run", tiny_scene(), clip, "--out", tmp_path / "out", "--no-video")
    (event,) = read_lines(tmp_path / "out/events.jsonl")
    assert event["rarity"].startswith("far above anything in 2 hours of normal footage")
    assert event["normal_per_hour"] < 1  # the threshold stands for one an hour
    assert event["rarity"] in answer.out


def test_drift_is_followed_only_when_asked_and_taken_up_where_it_was_left(
    edge_vad, tiny_scene, make, tmp_path
):
    out, still = tmp_path / "out", make.frames(tmp_path / "still", make.movement(60, range(0)))
    watched = ("run", tiny_scene(), still, "--no-video", "--json", "--out")
    plain = json.loads(edge_vad(*watched, out).out)
    assert plain["drift"] is None
    assert not (out / "drift.json").exists()

    # Still frames score 0, below the start of the normal tail, so it sinks a little.
    first = json.loads(edge_vad(*watched, out, "--follow-drift").out)["drift"]
    assert first["threshold"] < first["trained_threshold"] == pytest.approx(2.0)
    assert first["furthest"] > first["trained_threshold"] - first["threshold"]
    second = json.loads(edge_vad(*watched, out, "--follow-drift").out)["drift"]
    assert second["threshold"] < first["threshold"]
    again = json.loads(edge_vad(*watched, out, "--reset-drift").out)["drift"]
    assert again["threshold"] == first["threshold"]


@pytest.mark.parametrize("content", [b"", b"{}", b"[" * 20000, b'{"shift":1e999}', b"\xff"])
def test_a_broken_drift_state_is_told_and_left_aside(edge_vad, tiny_scene, clip, tmp_path, content):
    out = tmp_path / "out"
    out.mkdir()
    (out / "drift.json").write_bytes(content)
    answer = edge_vad("run", tiny_scene(), clip, "--no-video", "--follow-drift", "--out", out)
    assert answer.code == 0
    assert "drift begins at the trained scores" in answer.err
    assert "followed the scores to" in answer.out


def test_drift_amid_the_normal_scores_is_refused(edge_vad, tiny_scene, clip, tmp_path):
    options = ("--follow-drift", "--false-alarms", "1/minute", "--out", tmp_path / "out")
    answer = edge_vad("run", tiny_scene(), clip, *options)
    assert answer.code == 2
    assert "accept fewer than" in answer.err
