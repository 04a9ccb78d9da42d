"""A recording of several cameras at once: told of every minute, and ended in time."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack

import msgspec

from edge_vad.errors import EdgeVadError
from edge_vad.record.footage_folder import FootageFolder
from edge_vad.record.limits import Ending, Room, Span
from edge_vad.record.planning import RecordPlan
from edge_vad.record.recorder import CameraRecorder
from edge_vad.sources.connecting import is_paced

MINUTE_S = 60.0
_PATIENCE_S = 0.25
_CLOSING_S = 3.0
_log = logging.getLogger(__name__)


class CameraFootage(msgspec.Struct, frozen=True):
    """What was recorded of a camera.

    Attributes:
        name: Its name.
        folder: Where its footage is.
        files: How many there are, those of earlier recordings included.
        seconds: Of footage in them.
        size: Bytes of them.
        reconnects: How often it was connected to again.
        minutes: Minutes of this recording, by what was seen.
        slow_minutes: Minutes in which this device was too slow to encode all that it took.
        ending: Why the recording ended.
        is_whole: Whether everything is there that was wanted.
    """

    name: str
    folder: str
    files: int
    seconds: float
    size: int
    reconnects: int
    minutes: dict[str, int]
    slow_minutes: int
    ending: str
    is_whole: bool


class RecordSession:
    """Records cameras, each into its own folder, until all are done or it is stopped.

    Args:
        plans: The cameras; at least one.
        duration_s: Seconds of footage that are wanted of each, what is there included; None:
            without end.
        most: Bytes that the footage of all may take.
        undo: Gives the folders up.

    Raises:
        BadInput: Somebody else records there, or nothing can be written.
        EdgeVadError: A source is none; see `edge_vad.record.connecting`.
    """

    def __init__(
        self,
        plans: Sequence[RecordPlan],
        duration_s: float | None,
        most: int,
        undo: ExitStack,
    ) -> None:
        self._duration_s = duration_s
        self._stop = threading.Event()
        folders = [undo.enter_context(FootageFolder(plan.folder, plan.name)) for plan in plans]
        self.room = Room(folders[0].path, most, sum(folder.size for folder in folders))
        self.recorders = [
            CameraRecorder(plan, folder, self.room, _span(plan, folder, duration_s))
            for plan, folder in zip(plans, folders, strict=True)
        ]

    def stop(self) -> None:
        """End it; returns at once, from any thread or signal handler."""
        self._stop.set()

    def run(self, on_progress: Callable[[float], None] | None = None) -> list[CameraFootage]:
        """Record, and say every minute what is seen.

        Args:
            on_progress: Told again and again how many seconds there are of every camera, at least.

        Returns:
            What was recorded, in the order of the cameras.

        Raises:
            EdgeVadError: One of them failed, and none went on.
        """
        for recorder in self.recorders:
            recorder.start()
        said_s = time.monotonic()
        while not self._stop.wait(_PATIENCE_S) and any(each.is_running for each in self.recorders):
            if on_progress is not None:
                on_progress(min(recorder.seconds for recorder in self.recorders))
            if time.monotonic() - said_s >= MINUTE_S:
                said_s += MINUTE_S
                self._say()
        self._end()
        self._say()
        errors = [recorder.error for recorder in self.recorders]
        if all(errors) and isinstance(errors[0], EdgeVadError):
            raise errors[0]
        return [_footage_of(recorder) for recorder in self.recorders]

    def _end(self) -> None:
        for recorder in self.recorders:
            recorder.stop()
        until_s = time.monotonic() + _CLOSING_S
        for recorder in self.recorders:
            recorder.join(max(0.0, until_s - time.monotonic()))

    def _say(self) -> None:
        """A line of every camera."""
        for recorder in self.recorders:
            if recorder.has_to_say:
                of = f" of {said_time(self._duration_s)}" if self._duration_s else ""
                what = f"{said_time(recorder.seconds)}{of}, {recorder.size / 1e6:.0f} MB"
                _log.info("%s: %s: %s", recorder.name, what, recorder.minute())


def said_time(seconds: float) -> str:
    """A length of time in words.

    Example:
        >>> said_time(42), said_time(200), said_time(7200)
        ('42 s', '3 min', '2 h')
    """
    if seconds < 119.5:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7170 else f"{seconds / 3600:.3g} h"


def _span(plan: RecordPlan, folder: FootageFolder, duration_s: float | None) -> Span:
    return Span(duration_s, folder.seconds, is_paced=is_paced(plan.source))


def _footage_of(recorder: CameraRecorder) -> CameraFootage:
    return CameraFootage(
        name=recorder.name,
        folder=str(recorder.folder.path),
        files=recorder.folder.files,
        seconds=round(recorder.seconds, 3),
        size=recorder.size,
        reconnects=recorder.reconnects,
        minutes={view.value: count for view, count in recorder.views.items()},
        slow_minutes=recorder.slow_minutes,
        ending=(recorder.ending or Ending.STOPPED).value,
        is_whole=recorder.is_whole,
    )
