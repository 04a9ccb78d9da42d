from __future__ import annotations

import json

import pytest

from edge_vad.alarms.drift import DriftState, DriftStep
from edge_vad.false_alarms import NormalTail
from edge_vad.sinks.lines.drift_steps import DriftSteps, last_states

NORMAL = NormalTail(2.0, 72000, 0.0, 10.0, 1.0, 0.0)


def step(shift: float) -> DriftStep:
    return DriftStep(2.0 + shift, False, DriftState(NORMAL, shift, 1.0))


def test_every_step_is_a_line_and_the_last_of_each_camera_is_found_again(tmp_path):
    for shift in (0.1, 0.2):  # two runs
        sink = DriftSteps(tmp_path)
        sink.drift("gate", step(shift), 12.3456)
        sink.drift("yard", step(-shift), 13.0)
        sink.close(60)
    lines = [json.loads(line) for line in (tmp_path / "drift.jsonl").read_text().splitlines()]
    assert [(line["camera"], line["threshold"]) for line in lines] == [
        ("gate", 2.1),
        ("yard", 1.9),
        ("gate", 2.2),
        ("yard", 1.8),
    ]
    assert lines[0]["type"] == "drift"
    assert lines[0]["at"] == 12.346
    assert last_states(tmp_path) == {"gate": step(0.2).state, "yard": step(-0.2).state}


def test_without_a_file_nothing_was_learnt(tmp_path):
    assert last_states(tmp_path / "none") == {}


def test_what_was_put_aside_counts_where_nothing_newer_is_known(tmp_path):
    sink = DriftSteps(tmp_path)
    sink.drift("gate", step(0.1), 1.0)
    sink.drift("yard", step(0.1), 1.0)
    sink.close(60)
    (tmp_path / "drift.jsonl").rename(tmp_path / "drift.jsonl.1")
    sink = DriftSteps(tmp_path)
    sink.drift("gate", step(0.3), 2.0)
    sink.close(60)
    assert last_states(tmp_path) == {"gate": step(0.3).state, "yard": step(0.1).state}


@pytest.mark.parametrize(
    "broken", [b"{", b"\xff\n", b"[" * 50_000, b"null\n", b'{"type":"drift","camera":"gate"}\n']
)
def test_broken_lines_are_passed_over(tmp_path, broken):
    sink = DriftSteps(tmp_path)
    sink.drift("gate", step(0.1), 1.0)
    sink.close(60)
    with (tmp_path / "drift.jsonl").open("ab") as file:
        file.write(broken)
    assert last_states(tmp_path) == {"gate": step(0.1).state}
    sink = DriftSteps(tmp_path)
    sink.drift("gate", step(0.2), 2.0)
    sink.close(60)
    assert last_states(tmp_path) == {"gate": step(0.2).state}
