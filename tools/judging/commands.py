"""Runs the command line that everybody has, and keeps account of time and memory."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

_LAST_LINES = 6
_MEGA = 1024.0


class Failed(Exception):
    """A command failed: which, and its last words."""


class Done(NamedTuple):
    """What a command did.

    Attributes:
        out: What it printed.
        seconds: How long it took.
        megabytes: The most memory that it held.
    """

    out: str
    seconds: float
    megabytes: float


def edge_vad(work: Path, *words: str | Path) -> Done:
    """Run `edge-vad`; what it says goes to files in a folder.

    Raises:
        Failed: It did.
    """
    command = [sys.executable, "-m", "edge_vad", *map(str, words)]
    work.mkdir(parents=True, exist_ok=True)
    out, err, began = work / f"{words[0]}.out", work / f"{words[0]}.err", time.monotonic()
    with out.open("wb") as said, err.open("wb") as complained:
        process = subprocess.Popen(command, stdout=said, stderr=complained)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        last = err.read_text(errors="replace").splitlines()[-_LAST_LINES:]
        shown = " ".join(map(str, words[:3]))
        raise Failed(f"edge-vad {shown} … ended with {process.returncode}: {' '.join(last)}")
    seconds = time.monotonic() - began
    return Done(out.read_text(encoding="utf-8"), seconds, usage.ru_maxrss / _MEGA)


def as_options(settings: dict[str, str]) -> list[str]:
    """Settings as options of `edge-vad train`.

    Example:
        >>> as_options({"latent": "4", "strict": ""})
        ['--latent', '4', '--strict']
    """
    said = ((f"--{name.replace('_', '-')}", value) for name, value in settings.items())
    return [word for words in said for word in words if word]
