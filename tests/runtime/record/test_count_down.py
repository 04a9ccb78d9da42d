"""What a recording shows on a terminal: how much is still to come, and its log above that."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path


def on_a_terminal(*words: str) -> str:
    """What a command shows on a terminal of 100 columns."""
    ours, its = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100", "NO_COLOR": "1"}
    command = [sys.executable, "-m", "edge_vad", *words]
    process = subprocess.Popen(command, stdin=its, stdout=its, stderr=its, env=environment)
    os.close(its)
    shown = bytearray()
    with suppress(OSError):  # the terminal is gone with its last process
        while chunk := os.read(ours, 65536):
            shown += chunk
    os.close(ours)
    assert process.wait(240) == 0, shown.decode()
    return shown.decode()


def test_a_terminal_shows_how_much_is_still_to_be_recorded(
    h264: Callable[..., Path], tmp_path: Path
) -> None:
    video = h264(tmp_path / "clip.mp4", [index / 10 for index in range(60)])
    source = f"gate={video}?realtime=1&loop=1"
    shown = on_a_terminal("record", source, "--out", str(tmp_path / "out"), "--duration", "4s")
    assert "0:00:0" in shown
    assert " left" in shown
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown).replace("\r", "\n").splitlines()
    (line,) = (each for each in plain if " info gate: " in each)
    assert re.match(r"20\d\d-", line)  # a line of its own, beginning with the date
    assert any(each.startswith("note: recording at most") for each in plain)


def test_a_recording_without_end_counts_nothing_down(
    h264: Callable[..., Path], tmp_path: Path
) -> None:
    video = h264(tmp_path / "clip.mp4", [index / 10 for index in range(20)])
    shown = on_a_terminal("record", f"gate={video}", "--out", str(tmp_path / "out"))
    assert " left" not in shown
