"""edge-vad init --serve with real commands: what is learnt, and how far it is meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from free_port import free_port
from guide_process import Guide, wait_for

from edge_vad.scene_model import SceneModel

PROGRAM = """\
import sys

import edge_vad.cli
from edge_vad.guide import running

BRIEF = {"latent": 2, "components": 2, "steps": 3, "patches": 600, "cells": 2000, "size": "192x144"}
running.PROGRAM = (sys.executable, __file__)
if sys.argv[1] == "train":
    for option in edge_vad.cli.cli.get_command(None, "train").params:
        option.default = BRIEF.get(option.name, option.default)
edge_vad.cli.main()
"""


@pytest.fixture
def guide(tmp_path: Path) -> Iterator[Guide]:
    (tmp_path / "program.py").write_text(PROGRAM)
    port = free_port()
    source = "gate=test://street?seed=1&size=192x144"
    guide = Guide(tmp_path, port, source, "--duration", "6s")
    yield guide
    guide.process.kill()
    guide.process.wait()


@pytest.mark.long
def test_a_scene_is_recorded_and_learnt_and_the_page_says_how_far(guide: Guide) -> None:
    for reply in ("gate", "", ""):
        guide.answer(reply)
    seen: dict[str, dict[str, Any]] = {}

    def is_over() -> bool:
        told = guide.ask("/api/guide")["told"]
        for each in filter(None, (entry["progress"] for entry in told["entries"])):
            seen[each["label"]] = each
        return bool(told["ending"])

    wait_for(is_over, 600)
    ending = guide.ask("/api/guide")["told"]["ending"]
    assert ending["is_done"], (ending, guide.text)
    assert guide.commands == ["config", "snapshot", "record", "train", "export", "verify", "config"]
    assert SceneModel.read(guide.folder / "gate.onnx").card.training.sources == ("gate",)
    assert (seen["recording"]["total"], seen["recording"]["in_seconds"]) == (6, True)
    assert any(label != "recording" and each["total"] for label, each in seen.items())
