"""What other packages provide is found without being imported."""

from __future__ import annotations

import importlib.metadata
from types import SimpleNamespace

import click
import pytest

from edge_vad.cli import cli
from edge_vad.errors import Unavailable
from edge_vad.installed import COMMANDS, ENGINE_BUILDERS, SOURCES, is_provided, lacking, provided
from edge_vad.selftest.commands import build_engine


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
    if name in ("train", "export"):
        pytest.importorskip("torch", reason="training is not installed")
    assert provided(group, name).load()


def test_every_command_of_the_help_can_be_had():
    pytest.importorskip("torch", reason="training is not installed")
    context = click.Context(cli)
    assert all(cli.get_command(context, name) for name in cli.list_commands(context))


@pytest.mark.parametrize("ours", [[], [importlib.metadata.PathDistribution]])
def test_what_nobody_provides_is_missing_and_told(monkeypatch, tmp_path, ours):
    found = [kind(tmp_path) for kind in ours]  # nothing installed, or something that is older
    monkeypatch.setattr(importlib.metadata, "distributions", lambda **_: iter(found))
    with pytest.raises(Unavailable, match=r"'train' of edge_vad\.commands is not part of"):
        cli.get_command(click.Context(cli), "train")


@pytest.mark.parametrize("home", [None, "no_such_package:rebuild"])
def test_a_selftest_without_the_builder_of_engines_skips_them(monkeypatch, tmp_path, home):
    entry = importlib.metadata.EntryPoint("rtx", str(home), ENGINE_BUILDERS)
    ours = SimpleNamespace(entry_points=[entry] if home else [])
    monkeypatch.setattr(importlib.metadata, "distributions", lambda **_: iter([ours]))
    assert not is_provided(ENGINE_BUILDERS, "rtx")
    step = build_engine(tmp_path / "scene.onnx", "tensorrt-rtx", pytest.fail)
    assert (step.outcome, step.detail) == ("skipped", "the export package is absent")


def test_a_selftest_builds_the_engine_of_its_backend(tmp_path):
    words = []
    step = build_engine(tmp_path / "scene.onnx", "tensorrt-rtx", words.extend)
    assert (step.outcome, words[0], words[-2:]) == ("ok", "export", ["--target", "rtx"])


def test_the_packages_of_an_extra_that_are_missing_are_named(monkeypatch, tmp_path):
    ours = tmp_path / "edge_vad-1.dist-info"
    ours.mkdir()
    wanted = [
        "msgspec>=0.19",
        "numpy>=1.23; extra == 'train'",
        'not-there>=1; extra == "train"',
        "gone; extra == 'export'",
    ]
    lines = "".join(f"Requires-Dist: {each}\n" for each in wanted)
    (ours / "METADATA").write_text(f"Metadata-Version: 2.1\nName: edge-vad\nVersion: 1\n{lines}")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert lacking("train") == ["not-there"]
    assert lacking("export") == ["gone"]
    assert lacking("edit") == []
