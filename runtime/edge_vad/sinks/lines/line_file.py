"""A file of JSON documents, one a line; a full disk, a kill and weeks of running do not harm it."""

from __future__ import annotations

import errno
import logging
import os
import sys
from collections import deque
from pathlib import Path

import msgspec

from edge_vad.errors import BadInput
from edge_vad.files.atomic import PRIVATE, make_private_file, make_private_folder
from edge_vad.sinks.base import SinkHealth, Tally
from edge_vad.sinks.disk import is_full, make_folder
from edge_vad.sinks.messages import encode
from edge_vad.sinks.threads.worker import Worker

_CAPACITY = 100_000
_MOST_WAITING = 8_000_000
_TAIL = 1_000_000
_STANDARD_OUTPUT = 1
_BREAK = b"\n"
_log = logging.getLogger(__name__)


class LineFile:
    """A file that can be followed with `tail -F`.

    A line that a full disk or a kill cut off does not spoil the next. While the disk is full,
    lines wait in memory.

    Args:
        path: The file; None is the standard output.
        max_size_mb: A longer file is renamed to `NAME.1`, in place of an older one.
        name: What its thread is called.

    Raises:
        BadInput: The file's folder cannot be made, or the standard output takes nothing.
    """

    def __init__(self, path: Path | None, max_size_mb: int, name: str) -> None:
        self._path, self._max_size_mb = path, max_size_mb
        if path:
            make_folder(path.parent)
        else:
            demand_standard_output()
        self._descriptor: int | None = None
        self._lines: deque[bytes] = deque()
        self._waiting = 0
        self._lost = 0
        self._written = 0
        self._is_cut = False
        self._why = ""
        self._worker = Worker(name, self._work, _CAPACITY, ending=self._end)

    def put(self, message: msgspec.Struct) -> None:
        """Write a document, soon; returns at once."""
        self._worker.put(message)

    def health(self) -> SinkHealth:
        """Say whether the file takes all, and how many lines wait."""
        return SinkHealth(not self._why, self._why, self.unsaved(), self._gone)

    def unsaved(self) -> int:
        """Lines that are not written yet."""
        return self._worker.depth + len(self._lines)

    def tally(self) -> Tally:
        """What became of the lines; those for the standard output no later run takes in."""
        waiting = self.unsaved()
        never = 0 if self._path else waiting
        return Tally("lines", self._written, waiting - never, never + self._gone)

    @property
    def _gone(self) -> int:
        return self._worker.dropped + self._worker.failed + self._lost

    def tail(self) -> list[bytes]:
        """The lines at the end of the file; none where it cannot be read."""
        if self._path is None:
            return []
        try:
            with self._path.open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(0, size - _TAIL))
                return file.read(_TAIL).split(b"\n")
        except OSError:
            return []

    def close(self, timeout_s: float) -> None:
        """Write what waits."""
        self._worker.close(timeout_s)

    def _work(self, messages: list[msgspec.Struct]) -> None:
        for message in messages:
            self._keep(encode(message) + b"\n")
        try:
            while self._lines:
                self._write()
        except OSError as error:
            what = "the disk is full" if is_full(error) else f"cannot be written ({error.strerror})"
            if not self._why:
                _log.warning("%s: %s", self._path.name if self._path else "stdout", what)
            self._why = f"{what}: {len(self._lines)} lines wait in memory"
        else:
            self._why = ""

    def _keep(self, line: bytes) -> None:
        self._lines.append(line)
        self._waiting += len(line)
        while self._waiting > _MOST_WAITING:
            self._waiting -= len(self._lines.popleft())
            self._lost += 1

    def _write(self) -> None:
        """Write the first line, or as much of it as there is space for."""
        descriptor = self._opened()
        line = self._lines[0]
        written = os.write(descriptor, line)
        self._waiting -= written
        self._is_cut = written < len(line)
        if self._is_cut:
            self._lines[0] = line[written:]
        else:
            self._written += self._lines.popleft() != _BREAK

    def _opened(self) -> int:
        if self._path is None:
            return _STANDARD_OUTPUT
        if self._descriptor is not None and not self._is_cut and self._is_long(self._descriptor):
            self._end()
            self._path.replace(self._path.with_name(self._path.name + ".1"))
        if self._descriptor is None:
            make_private_folder(self._path.parent)
            make_private_file(self._path)
            flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
            self._descriptor = os.open(self._path, flags, PRIVATE)
            size = os.fstat(self._descriptor).st_size
            if size and os.pread(self._descriptor, 1, size - 1) != b"\n":
                self._lines.appendleft(_BREAK)  # a kill cut the last line off
                self._waiting += 1
        return self._descriptor

    def _is_long(self, descriptor: int) -> bool:
        return os.fstat(descriptor).st_size >= self._max_size_mb * 1_000_000

    def _end(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def demand_standard_output() -> None:
    """See to it that the standard output takes what is written to it, before long work is done.

    Raises:
        BadInput: It is closed, or takes nothing, as /dev/full does.
    """
    try:
        if sys.stdout is None:  # as Python has it where it was closed
            raise OSError(errno.EBADF, "it is closed")
        os.write(_STANDARD_OUTPUT, b"")
    except OSError as error:
        raise BadInput(
            f"the standard output takes nothing ({error.strerror})",
            "let it lead somewhere, or write the events into a folder with --out",
        ) from None
