"""`edge-vad config check` names the line of whatever would stop a run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SITE = """\
[[cameras]]
name = "gate"
source = "rtsp://admin:hunter2@10.0.0.2/live"
scene = "scene.onnx"

[[cameras]]
name = "yard"
source_file = "source.txt"
scene = "scene.onnx"

[sinks.mqtt]
host = "broker"
username = "edge"
password_file = "PASSWORD"
"""


@pytest.fixture
def site(tiny_scene: Callable[..., Path], tmp_path: Path) -> Path:
    tiny_scene("scene.onnx").rename(tmp_path / "scene.onnx")
    (tmp_path / "source.txt").write_text("test://street?seed=1&realtime=1")
    (tmp_path / "password").write_text("hunter2")
    path = tmp_path / "site.toml"
    path.write_text(SITE.replace("PASSWORD", str(tmp_path / "password")))
    return path


def test_a_site_that_can_run_is_said_in_a_line_a_camera(
    site: Path, edge_vad: Callable[..., Any]
) -> None:
    done = edge_vad("config", "check", site)
    assert done.code == 0, done.err
    assert "gate: rtsp://10.0.0.2" in done.out
    assert "yard: test://street" in done.out
    assert "hunter2" not in done.out


@pytest.mark.parametrize(
    ("missing", "line"), [("scene.onnx", 4), ("source.txt", 8), ("password", 14)]
)
def test_what_is_missing_is_named_with_its_line(
    site: Path, edge_vad: Callable[..., Any], missing: str, line: int
) -> None:
    (site.parent / missing).unlink()
    done = edge_vad("config", "check", site)
    assert done.code == 3
    assert f"{site}, line {line}:" in done.err
    assert missing in done.err
    assert "Traceback" not in done.err
