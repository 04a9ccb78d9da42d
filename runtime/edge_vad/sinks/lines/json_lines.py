"""Writes events and states into a file, a JSON document a line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from edge_vad.camera_state import CameraState
from edge_vad.detection import Detection
from edge_vad.events import EventChange
from edge_vad.sinks.base import Sink, SinkHealth, Tally
from edge_vad.sinks.lines.line_file import LineFile
from edge_vad.sinks.messages import FrameMessage, StateMessage, encode, event_message
from edge_vad.sinks.settings import JsonLinesSettings

_STANDARD_OUTPUT = "-"


class JsonLines(Sink):
    """A file that can be followed with `tail -F`.

    Args:
        settings: Which file, and what goes into it.
        folder: What the file's path is relative to.

    Raises:
        BadInput: The file's folder cannot be made.
    """

    name = "jsonl"

    def __init__(self, settings: JsonLinesSettings, folder: Path) -> None:
        self._has_frames = settings.frames
        self._written: set[bytes] | None = None
        """The lines of an earlier run, once they are asked for."""
        path = None if settings.path == _STANDARD_OUTPUT else folder / settings.path
        self._file = LineFile(path, settings.max_size_mb, self.name)

    def frame(self, camera: str, detection: Detection) -> None:
        """Write the frame's score, if that was asked for."""
        if self._has_frames:
            frame = detection.frame
            message = FrameMessage(
                camera=camera,
                index=frame.index,
                time_s=round(frame.time_s, 3),
                score=round(detection.score, 3),
                anomalous=detection.anomalous,
            )
            self._file.put(message)

    def event(self, camera: str, change: EventChange) -> None:
        """Write the change."""
        self._file.put(event_message(change))

    def replay(self, camera: str, change: EventChange) -> None:
        """Write the change, unless it stands at the end of the file."""
        if self._written is None:
            self._written = set(self._file.tail())
        message = event_message(change)
        if encode(message) not in self._written:
            self._file.put(message)

    def unsaved(self) -> int:
        """Lines that are not written yet."""
        return self._file.unsaved()

    def tallies(self) -> Sequence[Tally]:
        """How many lines are written, wait in memory, and were lost."""
        return (self._file.tally(),)

    def state(self, camera: str, state: CameraState, at: float) -> None:
        """Write the state."""
        self._file.put(StateMessage(camera=camera, state=state.value, at=round(at, 3)))

    def health(self) -> SinkHealth:
        """Say whether the file takes all, and how many lines wait."""
        return self._file.health()

    def close(self, timeout_s: float) -> None:
        """Write what waits."""
        self._file.close(timeout_s)
