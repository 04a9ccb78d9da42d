"""Runs a command of edge-vad in a process of its own, and reads what it says."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence

from edge_vad.errors import (
    BadInput,
    EdgeVadError,
    Interrupted,
    NotAllKept,
    SourceLost,
    Unavailable,
    WrongUse,
)
from edge_vad.guide.progress import GUIDED, Progress, read_progress

PROGRAM = (sys.executable, "-m", "edge_vad")
_ERRORS = {
    kind.exit_code: kind
    for kind in (WrongUse, BadInput, Unavailable, SourceLost, NotAllKept, Interrupted)
}
_LONGEST_LINE = 2000
_PATIENCE_S = 20.0


class RunningCommand:
    """A command that is given, and may be interrupted from another thread.

    Args:
        words: Those after `edge-vad`.
        on_line: Called with every line that it prints.
        on_progress: Called with how far it is.
    """

    def __init__(
        self,
        words: Sequence[str],
        on_line: Callable[[str], None],
        on_progress: Callable[[Progress], None],
    ) -> None:
        self._words, self._on_line, self._on_progress = words, on_line, on_progress
        self._process: subprocess.Popen[str] | None = None
        self._is_to_stop = threading.Event()
        self._what = self._todo = ""

    def run(self) -> None:
        """Run it to its end; whatever ends this ends the command, too.

        Raises:
            EdgeVadError: As it says.
        """
        self._process = process = _start(self._words)
        try:
            if self._is_to_stop.is_set():
                self.stop()
            assert process.stdout  # noqa: S101 - it is a pipe
            for line in process.stdout:
                self._read(line.rstrip("\r\n"))
            code = process.wait()
        except BaseException:
            self.stop()
            _see_off(process)
            raise
        if code:
            raise self._error(code)

    def stop(self) -> None:
        """Do what Ctrl-C does; harmless once it has ended."""
        self._is_to_stop.set()
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)

    def _read(self, line: str) -> None:
        if progress := read_progress(line):
            self._on_progress(progress)
        elif line.startswith("error: "):
            self._what = line.removeprefix("error: ")
        elif self._what and line.startswith("  -> "):
            self._todo = line.removeprefix("  -> ")
        elif line.strip():
            self._on_line(line[:_LONGEST_LINE])

    def _error(self, code: int) -> EdgeVadError:
        if code < 0:
            return EdgeVadError(
                f"edge-vad {self._words[0]} was killed (signal {-code})",
                "see whether there is enough memory, and go on",
            )
        kind = _ERRORS.get(code, EdgeVadError)
        what = self._what or f"edge-vad {self._words[0]} ended with code {code}"
        return kind(what, self._todo or "see what it printed")


def _start(words: Sequence[str]) -> subprocess.Popen[str]:
    environment = {**os.environ, GUIDED: "1", "PYTHONUNBUFFERED": "1"}
    return subprocess.Popen(  # noqa: S603 - words of ours
        [*PROGRAM, *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=environment,
    )


def _see_off(process: subprocess.Popen[str]) -> None:
    """Wait until it has ended as it should; not without end."""
    try:
        process.communicate(timeout=_PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
