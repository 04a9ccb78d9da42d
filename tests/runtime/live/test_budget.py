"""A site's budget of false alarms is told at the start of a run and at its end."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from edge_vad.false_alarms import NormalTail

SITE = """
false_alarms = "BUDGET"
[[cameras]]
name = "gate"
source = "calm.avi"
scene = "thin.onnx"
[cameras.decision]
follow_drift = true
[[cameras]]
name = "yard"
source = "calm.avi"
scene = "heavy.onnx"
[sinks.jsonl]
"""


@pytest.fixture
def site(
    tmp_path: Path,
    tiny_scene: Callable[..., Path],
    make: SimpleNamespace,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[str], Path]:
    monkeypatch.chdir(tmp_path)
    make.avi(tmp_path / "calm.avi", make.movement(40, range(0)))  # scores 0
    for name, scale in (("thin", 1.0), ("heavy", 3.0)):
        tiny_scene(f"{name}.onnx", normal=NormalTail(24.0, 864000, 1.0, 90.0, scale, 0.0))

    def written(budget: str) -> Path:
        file = tmp_path / "site.toml"
        file.write_text(SITE.replace("BUDGET", budget))
        return file

    return written


def test_shares_are_told_in_the_log_and_in_the_summary(
    site: Callable[[str], Path], edge_vad: Callable[..., Any]
) -> None:
    answer = edge_vad("run", "--config", site("4/day"), "--json")
    assert answer.code == 0, answer.err
    assert "gate: accepts 1/day, 25% of 4/day for all cameras together; " in answer.err
    assert "yard: accepts 3/day, 75% of 4/day for all cameras together; " in answer.err
    document = json.loads(answer.out)
    assert document["false_alarms"] == "4/day"
    told = [(each["false_alarms"], round(each["share"], 3)) for each in document["cameras"]]
    assert told == [("1/day", 0.25), ("3/day", 0.75)]


def test_a_rate_that_footage_cannot_show_is_told_as_extrapolated(
    site: Callable[[str], Path], edge_vad: Callable[..., Any]
) -> None:
    told = edge_vad("run", "--config", site("2/day")).err
    said = ("gate: accepts 0.5/day", "yard: accepts 1.5/day")
    gate, yard = (next(line for line in told.splitlines() if each in line) for each in said)
    assert "is rarer, so it is extrapolated" in gate
    assert "is within that" in yard


def test_however_many_alarms_a_site_accepts_drift_can_be_followed(
    site: Callable[[str], Path], edge_vad: Callable[..., Any]
) -> None:
    """What a camera alone would be refused: 1/minute of a scene that passes its tail so often."""
    answer = edge_vad("run", "--config", site("9/minute"), "--json")
    assert answer.code == 0, answer.err
    shares = [each["share"] for each in json.loads(answer.out)["cameras"]]
    assert sum(shares) < 1
