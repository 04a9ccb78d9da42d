"""Measures the motion of several frames of a recording at once, some frames ahead.

Optical flow takes most of the time and runs on one core, but the flow between two frames needs no
other flow. So every core takes a pair of its own, while the frames are decoded and scored in order.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_vad.errors import EdgeVadError
from edge_vad.frame import Frame
from edge_vad.motion.extractor import FlowExtractor, FlowMeasurement
from edge_vad.motion.pace import Paced, at_pace
from edge_vad.opencv import cv2
from edge_vad.preprocessing.resize import FrameResizer
from edge_vad.scene_model import SceneCard
from edge_vad.scoring.preparation import MeasuredFrame
from edge_vad.sources import Source

MOST_THREADS = 8
"""More would only wait for the scoring."""


class _Slot:
    """Memory for one frame under way."""

    def __init__(self, card: SceneCard, shape: tuple[int, int, int]) -> None:
        self.resizer = FrameResizer(card.height, card.width, card.ignored)
        self.grey = np.zeros((card.height, card.width), np.uint8)
        self.flow = np.zeros(shape, np.float32)


class _Pending(NamedTuple):
    frame: Frame
    image: NDArray[np.uint8]
    flow: NDArray[np.float32]
    steps: float
    is_new: Future[bool] | None


class _Patient:
    """What a scene looks at of a source; an error ends it, and is raised when it is asked for."""

    def __init__(self, source: Source, fps: float) -> None:
        self._frames = at_pace(source, fps)
        self._failure: EdgeVadError | None = None

    def __iter__(self) -> Iterator[Paced]:
        try:
            yield from self._frames
        except EdgeVadError as error:
            self._failure = error

    def warn_if_slow(self) -> None:
        """Raise what ended the frames before their time."""
        if self._failure:
            raise self._failure


def usable_cores() -> int:
    """Cores that this process may use, up to `MOST_THREADS`."""
    return min(len(os.sched_getaffinity(0)), MOST_THREADS)


def prefetch_flow(
    source: Source, card: SceneCard, threads: int
) -> Generator[MeasuredFrame, None, None]:
    """Hand out the frames that a scene looks at of a source, in order, with their motion.

    Args:
        source: The frames.
        card: Of the scene model.
        threads: How many flows are measured at once.

    Raises:
        EdgeVadError: What the source raises, after the frames before it.
    """
    extractors: SimpleQueue[FlowExtractor] = SimpleQueue()
    for _ in range(threads):
        extractor = FlowExtractor(card.height, card.width, card.motion)
        extractors.put(extractor)
    # One frame is being scored, and the first flow under way still looks at the one before it.
    slots = [_Slot(card, extractor.shape) for _ in range(threads + 2)]

    def measure(previous: _Slot, current: _Slot, steps: float) -> bool:
        own = extractors.get()
        try:
            return own.measure(previous.grey, current.grey, current.flow, steps)
        finally:
            extractors.put(own)

    pool = ThreadPoolExecutor(threads, thread_name_prefix="flow")
    pending: deque[_Pending] = deque()
    frames = _Patient(source, card.fps)
    try:
        for turn, (frame, steps) in enumerate(frames):
            previous, slot = slots[(turn - 1) % len(slots)], slots[turn % len(slots)]
            image = slot.resizer.resize(frame.image)
            cv2.cvtColor(image, cv2.COLOR_BGR2GRAY, dst=slot.grey)
            is_new = None if steps is None else pool.submit(measure, previous, slot, steps)
            pending.append(_Pending(frame, image, slot.flow, steps or 1.0, is_new))
            if len(pending) > threads:
                yield _finished(pending.popleft())
        yield from map(_finished, pending)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    frames.warn_if_slow()


def _finished(pending: _Pending) -> MeasuredFrame:
    if pending.is_new is None:
        measurement = FlowMeasurement(None)
    else:
        measurement = FlowMeasurement(pending.flow, pending.steps, pending.is_new.result())
    return MeasuredFrame(pending.frame, pending.image, measurement)
