from __future__ import annotations

import click
import pytest

from edge_vad.cli.quantities import NumberRange, parse_duration
from edge_vad.errors import WrongUse


@pytest.mark.parametrize("text", ["", "0s", "-1s", "1e9", "nan", "inf", "9" * 400, "200000000000s"])
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(WrongUse, match="is no duration"):
        parse_duration(text)


def test_durations_are_read_as_they_are_typed():
    assert [parse_duration(each) for each in ("90", "1.5m", "2h", "1d")] == [90, 90, 7200, 86400]


def test_what_is_no_number_is_within_no_bounds(edge_vad):
    answer = edge_vad("score", "scene.onnx", "clip.avi", "--out", "out", "--fps", "nan")
    assert answer.code == 2
    assert "'nan' is no number" in answer.err
    with pytest.raises(click.BadParameter):  # such as a gate that nothing would fail
        NumberRange(min=0).convert("nan", None, None)
