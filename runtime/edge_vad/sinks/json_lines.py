"""Writes events and states into a file, a JSON document a line."""

from __future__ import annotations

import logging
import os
import sys
from collections import deque
from pathlib import Path

import msgspec

from edge_vad.detection import Detection
from edge_vad.live.states import CameraState
from edge_vad.sinks.base import EventChange, Sink, SinkHealth
from edge_vad.sinks.disk import is_full, make_folder
from edge_vad.sinks.messages import FrameMessage, StateMessage, encode, event_message
from edge_vad.sinks.settings import JsonLinesSettings
from edge_vad.sinks.worker import Worker

_CAPACITY = 100_000
_MOST_WAITING = 8_000_000
_STANDARD_OUTPUT = "-"
_log = logging.getLogger(__name__)


class JsonLines(Sink):
    """A file that can be followed with `tail -F`.

    A line that a full disk or a kill cut off does not spoil the next. While the disk is full,
    lines wait in memory.

    Args:
        settings: Which file, and what goes into it.
        folder: What the file's path is relative to.

    Raises:
        BadInput: The file's folder cannot be made.
    """

    name = "jsonl"

    def __init__(self, settings: JsonLinesSettings, folder: Path) -> None:
        self._settings = settings
        self._is_output = settings.path == _STANDARD_OUTPUT
        self._path = folder / settings.path
        if not self._is_output:
            make_folder(self._path.parent)
        self._descriptor: int | None = None
        self._lines: deque[bytes] = deque()
        self._waiting = 0
        self._lost = 0
        self._is_cut = False
        self._why = ""
        self._worker = Worker("jsonl", self._work, _CAPACITY, ending=self._end)

    def frame(self, camera: str, detection: Detection) -> None:
        """Write the frame's score, if that was asked for."""
        if self._settings.frames:
            frame = detection.frame
            message = FrameMessage(
                camera=camera,
                index=frame.index,
                time_s=round(frame.time_s, 3),
                score=round(detection.score, 3),
                anomalous=detection.anomalous,
            )
            self._worker.put(message)

    def event(self, camera: str, change: EventChange) -> None:
        """Write the change."""
        self._worker.put(event_message(change))

    def state(self, camera: str, state: CameraState, at: float) -> None:
        """Write the state."""
        self._worker.put(StateMessage(camera=camera, state=state.value, at=round(at, 3)))

    def health(self) -> SinkHealth:
        """Say whether the file takes all, and how many lines wait."""
        depth = self._worker.depth + len(self._lines)
        return SinkHealth(not self._why, self._why, depth, self._worker.dropped + self._lost)

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
                _log.warning("%s: %s", self._settings.path, what)
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
            self._lines.popleft()

    def _opened(self) -> int:
        if self._is_output:
            return sys.stdout.fileno()
        if self._descriptor is not None and not self._is_cut and self._is_long(self._descriptor):
            self._end()
            self._path.replace(self._path.with_name(self._path.name + ".1"))
        if self._descriptor is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
            self._descriptor = os.open(self._path, flags, 0o644)
            size = os.fstat(self._descriptor).st_size
            if size and os.pread(self._descriptor, 1, size - 1) != b"\n":
                self._lines.appendleft(b"\n")  # a kill cut the last line off
                self._waiting += 1
        return self._descriptor

    def _is_long(self, descriptor: int) -> bool:
        return os.fstat(descriptor).st_size >= self._settings.max_size_mb * 1_000_000

    def _end(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
