from __future__ import annotations

import json
import signal
import subprocess
import sys
import time

import msgspec
import pytest

from edge_vad.device.fingerprint import DeviceFingerprint
from edge_vad_bench import benchmark, store
from edge_vad_bench.measure.device import read_device
from edge_vad_bench.report.headline import headline
from edge_vad_bench.schema import Device

ROWS = [
    "SingleStream/onnxruntime/fp32",
    "MultiStream/onnxruntime/fp32",
    "Offline/onnxruntime/fp32",
    "ColdStart/onnxruntime/fp32",
]

CANARY = "Kanarienvogel"


def bench(scene, clip, out, *words):
    return ("bench", scene, "--source", clip, "--out", out, "--quick", "--threads", 1, *words)


def test_it_measures_the_whole_way_and_every_stage(edge_vad, tiny_scene, clip, tmp_path):
    answer = edge_vad(*bench(tiny_scene(), clip, tmp_path / "out"))
    assert answer.code == 0, answer.err
    report = store.read(tmp_path / "out")
    assert report.complete
    assert [row.name for row in report.rows] == ROWS
    single, multi, offline, cold = report.rows
    assert list(single.stages) == [
        "decode", "resize", "flow", "pooling", "compute", "decision", "overlay",
    ]  # fmt: skip
    # The stages up to the decision are the whole of the latency: nothing between them is lost.
    # Means, for those of parts add up, however a busy machine spreads what it takes for others.
    parts = sum(each.mean for name, each in single.stages.items() if name != "overlay")
    assert parts == pytest.approx(single.latency.mean, rel=0.15)
    assert (multi.frames_a_query, offline.frames_a_query) == (8, 8)
    assert multi.latency.p50 > 3 * single.latency.p50
    assert cold.latency.p50 > 50
    assert cold.values["peak, MiB"] > 20
    assert {each.quantity for each in report.growths} == {"cameras", "window T"}
    assert (tmp_path / "out/report.html").exists()
    assert "SingleStream" in (tmp_path / "out/report.md").read_text()
    assert " ".join(answer.out.split()).startswith(headline(report).sentence)
    assert "next, after a change: edge-vad bench" in answer.out


def test_two_precisions_are_measured_in_turns(edge_vad, tiny_scene, clip, tmp_path):
    scenes = tiny_scene("a.onnx"), tiny_scene("b.onnx", precision="fp16")
    words = bench(scenes[0], clip, tmp_path / "out", "--only", "scenarios", "--json")
    answer = edge_vad(words[0], scenes[1], *words[1:])
    assert answer.code == 0, answer.err
    names = [row["name"] for row in json.loads(answer.out)["rows"]]
    assert names[:2] == ["SingleStream/onnxruntime/fp16", "SingleStream/onnxruntime/fp32"]


def test_two_scenes_of_one_precision_are_refused(edge_vad, tiny_scene, clip, tmp_path):
    scene = tiny_scene()
    assert edge_vad(*bench(scene, clip, tmp_path / "out", scene)).code == 2


def test_an_injected_delay_is_measured_and_noted(edge_vad, tiny_scene, clip, tmp_path):
    only = "--only", "scenarios", "--scenario", "SingleStream"
    assert edge_vad(*bench(tiny_scene(), clip, tmp_path, *only, "--handicap", 1)).code == 0
    slow = store.read(tmp_path)
    assert [row.name for row in slow.rows] == ROWS[:1]
    (single,) = slow.rows
    # The delay is no stage: it is what the latency has beyond them.
    stages = sum(each.p50 for name, each in single.stages.items() if name != "overlay")
    assert single.latency.p50 > 1.2 * stages
    assert "slowed down by 100% on purpose" in " ".join(slow.notes)


def test_after_ctrl_c_the_same_command_goes_on(tiny_scene, clip, tmp_path):
    scene, out = tiny_scene(), tmp_path / "out"
    command = [sys.executable, "-m", "edge_vad", *map(str, bench(scene, clip, out))]
    first = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not (out / "bench.json").exists() and first.poll() is None:
        time.sleep(0.02)
    first.send_signal(signal.SIGINT)
    stderr = first.communicate(timeout=240)[1]
    assert first.returncode == 130, stderr
    assert "give the same command again to go on" in stderr
    kept = store.read(out)
    assert not kept.complete
    assert kept.done[0] == "scenarios"

    again = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert again.returncode == 0, again.stderr
    whole = store.read(out)
    assert whole.complete
    assert whole.rows[: len(kept.rows)] == kept.rows


def test_footage_that_is_too_short_for_a_cold_start_is_named(edge_vad, tiny_scene, clip, tmp_path):
    answer = edge_vad(*bench(tiny_scene(), f"{clip}:0-10", tmp_path, "--only", "cold start"))
    assert answer.code == 1
    assert "gave no 30 decisions" in answer.err


def test_secrets_of_a_source_are_not_in_the_report(edge_vad, tiny_scene, clip, tmp_path):
    words = bench(tiny_scene(), clip, tmp_path / "out", "--only", "projection")
    assert edge_vad(*words).code == 0
    report = store.read(tmp_path / "out")
    assert report.settings.source == "clip"
    assert str(tmp_path) not in (tmp_path / "out/bench.json").read_text()


def test_a_contribution_has_all_figures_and_no_name(
    edge_vad, tiny_scene, clip, tmp_path, monkeypatch
):
    scene, footage = tiny_scene(f"{CANARY}.onnx"), clip.rename(tmp_path / f"{CANARY}-gate")
    monkeypatch.setattr(benchmark, "read_device", machine_of_canaries)
    board = tmp_path / "board.json"
    answer = edge_vad(*bench(scene, footage, tmp_path / "out", "--contribute", board))
    assert answer.code == 0, answer.err
    assert f"to give away, once you have read it: {board}" in answer.out
    assert (tmp_path / "out/bench.json").read_text().count(CANARY) > 10
    assert CANARY not in board.read_text()
    assert str(tmp_path) not in board.read_text()

    measured, given = store.read(tmp_path / "out"), store.read(board)
    assert given.rows == measured.rows
    assert given.growths == measured.growths
    assert given.notes == measured.notes
    assert given.done == measured.done[: len(given.done)] == measured.done[:-1]
    assert headline(given).figures == headline(measured).figures


def test_a_contribution_that_could_not_be_written_is_refused_at_once(
    edge_vad, tiny_scene, clip, tmp_path
):
    words = "--contribute", tmp_path / "missing/board.json"
    assert edge_vad(*bench(tiny_scene(), clip, tmp_path / "out", *words)).code == 2
    assert not (tmp_path / "out").exists()


def machine_of_canaries() -> Device:
    """This machine, as if its owner had named everything in it."""
    true = read_device()
    fingerprint = dict.fromkeys(DeviceFingerprint.__struct_fields__, CANARY)
    processor = msgspec.structs.replace(true.processor, model=CANARY, governors=(CANARY,))
    return Device(
        fingerprint=DeviceFingerprint(**fingerprint),
        processor=processor,
        system=f"{CANARY} Linux, Linux 6.1.0-{CANARY} {CANARY}",
        python=f"3.11+{CANARY}",
        libraries={CANARY: "1", "numpy": f"2.2+{CANARY}"},
    )
