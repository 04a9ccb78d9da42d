"""What other packages provide is found without being imported."""

from __future__ import annotations

import importlib.metadata

import click
import pytest

from edge_vad.cli import cli
from edge_vad.errors import Unavailable
from edge_vad.installed import COMMANDS, ENGINE_BUILDERS, SOURCES, provided


@pytest.mark.parametrize(
    ("group", "name"),
    [
        (COMMANDS, "demo"),
        (COMMANDS, "train"),
        (COMMANDS, "export"),
        (COMMANDS, "bench"),
        (SOURCES, "test"),
        (ENGINE_BUILDERS, "tensorrt"),
        (ENGINE_BUILDERS, "rtx"),
    ],
)
def test_what_is_provided_is_there(group, name):
    assert provided(group, name).load()


def test_every_command_of_the_help_can_be_had():
    context = click.Context(cli)
    assert all(cli.get_command(context, name) for name in cli.list_commands(context))


@pytest.mark.parametrize("ours", [[], [importlib.metadata.PathDistribution]])
def test_what_nobody_provides_is_missing_and_told(monkeypatch, tmp_path, ours):
    found = [kind(tmp_path) for kind in ours]  # nothing installed, or something that is older
    monkeypatch.setattr(importlib.metadata, "distributions", lambda **_: iter(found))
    with pytest.raises(Unavailable, match=r"'train' of edge_vad\.commands is not part of"):
        cli.get_command(click.Context(cli), "train")
