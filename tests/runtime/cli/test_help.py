from __future__ import annotations

import click
import pytest

from edge_vad.cli import cli

COMMANDS = cli.list_commands(click.Context(cli))


@pytest.mark.parametrize("words", [[], *([command] for command in COMMANDS)])
def test_no_markup_is_left_in_the_help(edge_vad, words):
    answer = edge_vad(*words, "--help")
    assert "\\b" not in answer.out
    assert "\b" not in answer.out


@pytest.mark.parametrize(
    ("words", "example"),
    [
        ([], "  edge-vad train normal.mp4 --out runs/street\n    edge-vad export runs/street"),
        (["run"], "  edge-vad run street.onnx new.mp4 --out watched --false-alarms 1/day\n"),
        (["score"], "  edge-vad score street.onnx archive/*.mkv --out scores\n"),
    ],
)
def test_examples_stand_line_by_line(edge_vad, words, example):
    assert example in edge_vad(*words, "--help").out
