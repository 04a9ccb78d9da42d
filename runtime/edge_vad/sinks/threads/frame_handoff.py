"""Hands frames from the live loop to a slow thread through a few buffers that are used again."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from edge_vad.detection import Detection
from edge_vad.frame import Frame
from edge_vad.sinks.threads.worker import Worker

Note = TypeVar("Note")
Number = TypeVar("Number", np.uint8, np.float32)
_CAPACITY = 10_000
_BUFFERS = 4
"""A camera's pictures that may wait; when all of them do, the newest is dropped."""


class FrameHandoff(Generic[Note]):
    """Copies detections and gives them to a thread, which may keep up or not; and notes as well.

    Detections and notes come in the order in which they were handed over.

    Args:
        name: Of the thread.
        watch: Takes a camera and its detection, whose image and map are only valid during the call.
        read: Takes a note.
        fps: Frames a second of each camera that are handed over, at most.
        tick: Called after every batch, and when nothing came for `tick_s`.
        ending: Called in the thread before it ends.

    Attributes:
        dropped: Detections that were dropped because the thread was behind.
    """

    def __init__(
        self,
        name: str,
        watch: Callable[[str, Detection], None],
        read: Callable[[Note], None],
        fps: float,
        tick: Callable[[], None] = lambda: None,
        ending: Callable[[], None] | None = None,
        tick_s: float = 1.0,
    ) -> None:
        self.dropped = 0
        self._watch, self._read, self._tick = watch, read, tick
        # A little less, or a camera of just this rate would lose frames to its jitter.
        self._interval_s = 0.9 / fps
        self._next_s: dict[str, float] = {}
        self._free: dict[str, deque[Detection]] = {}
        self._worker = Worker[Callable[[], None]](name, self._work, _CAPACITY, tick_s, ending)

    @property
    def depth(self) -> int:
        """Detections that wait."""
        return self._worker.depth

    def put(self, camera: str, detection: Detection) -> None:
        """Copy a detection and hand it over, unless it comes too soon or the thread is behind."""
        now = detection.frame.time_s
        due = self._next_s.get(camera, now)
        if due - self._interval_s < now < due:
            return
        self._next_s[camera] = now + self._interval_s
        copied = self._copied(camera, detection)
        if copied is None:
            self.dropped += 1
        else:
            self._worker.put(lambda: self._shown(camera, copied))

    def note(self, note: Note) -> None:
        """Hand over a note."""
        self._worker.put(lambda: self._read(note))

    def close(self, timeout_s: float) -> None:
        """Work off what waits and end the thread."""
        self._worker.close(timeout_s)

    def _copied(self, camera: str, detection: Detection) -> Detection | None:
        free = self._free.get(camera)
        if free is None:
            free = self._free[camera] = deque(_blank(detection) for _ in range(_BUFFERS))
        try:
            buffer = free.popleft()
        except IndexError:
            return None
        image = _copy(detection.frame.image, buffer.frame.image)
        anomaly_map = _copy(detection.anomaly_map, buffer.anomaly_map)
        frame = Frame(image, detection.frame.index, detection.frame.time_s)
        return replace(detection, frame=frame, anomaly_map=anomaly_map)

    def _shown(self, camera: str, detection: Detection) -> None:
        try:
            self._watch(camera, detection)
        finally:
            self._free[camera].append(detection)

    def _work(self, batch: list[Callable[[], None]]) -> None:
        # One that fails must not keep the buffers of the others.
        failures = [failure for act in batch if (failure := _tried(act))]
        self._tick()
        if failures:
            raise failures[0]


def _tried(act: Callable[[], None]) -> Exception | None:
    try:
        act()
    except Exception as error:  # noqa: BLE001 - told by the caller
        return error
    return None


def _blank(detection: Detection) -> Detection:
    frame = replace(detection.frame, image=np.empty_like(detection.frame.image))
    return replace(detection, frame=frame, anomaly_map=np.empty_like(detection.anomaly_map))


def _copy(source: NDArray[Number], target: NDArray[Number]) -> NDArray[Number]:
    if source.shape != target.shape:  # the camera changed its size
        return source.copy()
    np.copyto(target, source)
    return target
