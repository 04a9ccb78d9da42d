"""Tries a pushed scene in a process of its own, with a deadline, beside the cameras."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from edge_vad.errors import BadModel
from edge_vad.network.deadline import Deadline
from edge_vad.scene_model import SceneModel
from edge_vad.sinks.pushes import FailedTrial
from edge_vad.untrusted import plain

_NICE = 10
_LARGEST_ANSWER = 100_000


class Trial:
    """Checks scenes and runs the selftest on each.

    Args:
        timeout_s: For all of them together.
    """

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._process: subprocess.Popen[bytes] | None = None
        self._is_over = threading.Event()

    def run(self, scenes: list[Path]) -> None:
        """Try the scenes.

        Raises:
            FailedTrial: One of them cannot be relied on here, or it takes too long.
        """
        deadline = Deadline(self._timeout_s)
        for scene in scenes:
            try:
                SceneModel.read(scene)
            except BadModel as error:
                raise FailedTrial(error.what, error.todo) from None
            self._selftest(scene, deadline)

    def stop(self) -> None:
        """End it, from any thread."""
        self._is_over.set()
        if self._process is not None:
            _kill(self._process)

    def _selftest(self, scene: Path, deadline: Deadline) -> None:
        with TemporaryFile() as said:
            try:
                code = self._ended(scene, said, deadline.left_s())
            except (TimeoutError, subprocess.TimeoutExpired):
                raise FailedTrial(
                    f"the selftest of {scene.name} did not end within {self._timeout_s:g} s",
                    "see how busy the box is, or raise selftest_s in [push] of its site file",
                ) from None
            if code:
                raise FailedTrial(
                    f"{scene.name} fails its selftest on this box: {_reason(said, code)}",
                    f"run edge-vad selftest {scene.name} on the box",
                )

    def _ended(self, scene: Path, said: IO[bytes], timeout_s: float) -> int:
        words = [sys.executable, "-m", "edge_vad", "selftest", str(scene), "--json"]
        self._process = process = subprocess.Popen(  # noqa: S603 - words of ours
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
            start_new_session=True,
        )
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, process.pid, _NICE)
        try:
            if self._is_over.is_set():
                _kill(process)
            return process.wait(timeout_s)
        finally:
            _kill(process)
            process.wait()


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End it, and what it has started."""
    if process.poll() is None:
        with suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)


def _reason(said: IO[bytes], code: int) -> str:
    """What it printed as its error, a line of JSON."""
    said.seek(0)
    lines = said.read(_LARGEST_ANSWER).decode(errors="replace").splitlines()
    for line in reversed(lines):
        with suppress(ValueError, TypeError, KeyError):
            return plain(json.loads(line)["error"])
    return f"it was killed by signal {-code}" if code < 0 else f"it ended with code {code}"
