"""What a user sees who presses Ctrl-C: in a process of its own, as in a terminal."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edge_vad.cli.console import progress, staged
from edge_vad.cli.signals import interrupt
from edge_vad.errors import Interrupted

OUTPUTS = ["annotated.mp4", "events.jsonl", "scores.jsonl", "timeline.png"]


def start(*words):
    return subprocess.Popen(
        [sys.executable, "-m", "edge_vad", *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for_video(out):
    """Wait until the run has encoded frames for a while."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if any(file.stat().st_size > 100_000 for file in out.glob(".partial-*/annotated.mp4")):
            return
        time.sleep(0.02)
    raise AssertionError("the run never wrote a frame")


def test_ctrl_c_keeps_what_was_finished_and_leaves_earlier_outputs_whole(
    tiny_scene, make, tmp_path
):
    out, scene = tmp_path / "out", tiny_scene()
    short = make.frames(tmp_path / "short", make.movement(20))
    first = start("run", scene, short, "--out", out)
    assert first.communicate(timeout=240)[1] == ""
    before = {name: (out / name).read_bytes() for name in OUTPUTS}

    long = make.avi(tmp_path / "long.avi", make.movement(20_000, range(15, 20_000)))
    run = start("run", scene, long, "--out", out, "--threads", 1)
    wait_for_video(out)
    run.send_signal(signal.SIGINT)
    stdout, stderr = run.communicate(timeout=240)

    assert run.returncode == 130, stderr
    assert stdout == ""
    assert stderr.splitlines() == [
        "error: interrupted",
        f"  -> what was finished is in {out / 'interrupted'}; earlier outputs are untouched",
        "  docs/errors.md#interrupted",
    ]
    assert {name: (out / name).read_bytes() for name in OUTPUTS} == before
    assert sorted(each.name for each in out.iterdir()) == sorted(
        [*OUTPUTS, "moments", "interrupted"]
    )
    scores = (out / "interrupted/scores.jsonl").read_text().splitlines()
    assert json.loads(scores[-1])["index"] == len(scores) - 1
    assert (out / "interrupted/events.jsonl").read_text()
    assert (out / "interrupted/timeline.png").read_bytes().startswith(b"\x89PNG")


def test_a_missing_source_is_told_without_a_traceback(tiny_scene, tmp_path):
    run = start("run", tiny_scene(), tmp_path / "missing.mp4", "--out", tmp_path / "out")
    stdout, stderr = run.communicate(timeout=240)
    assert run.returncode == 2
    assert stdout == ""
    assert stderr.startswith("error: ")
    assert "Traceback" not in stderr


def test_an_interrupt_that_a_librarys_callback_swallowed_ends_the_work_at_the_next_frame(
    tmp_path: Path,
) -> None:
    def work() -> None:
        with staged(tmp_path / "out"), progress("watching", 3) as advance:
            advance()
            with contextlib.suppress(KeyboardInterrupt):
                interrupt()
            advance()

    with pytest.raises(Interrupted):
        work()
    with staged(tmp_path / "again"), progress("watching", 3) as advance:
        advance()
