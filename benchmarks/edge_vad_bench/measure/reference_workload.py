"""The reference workload: fixed work of another library, timed between the queries."""

from __future__ import annotations

import time
from typing import NamedTuple

import numpy as np

from edge_vad.opencv import cv2

WIDTH, HEIGHT = 360, 240
DESCRIPTION = f"DIS optical flow, preset medium, two still pictures of {WIDTH}x{HEIGHT}, one thread"

_SHARE = 0.1
"""Time spent on it, as a share of the queries' time."""


class ReferenceTime(NamedTuple):
    """What one run of the reference workload took.

    Attributes:
        wall_ms: Wall-clock time.
        cpu_ms: CPU time of its thread; for the rest of the time other processes had the core.
    """

    wall_ms: float
    cpu_ms: float


class ReferenceWorkload:
    """Times DIS optical flow, the kind of work that takes most of a frame's time.

    It is the same in every version of edge-vad. So a slower reference means a slower or busier
    machine, and times divided by it can be compared from run to run.
    """

    def __init__(self) -> None:
        noise = np.random.default_rng(0).random((HEIGHT, WIDTH)).astype(np.float32)
        smooth = cv2.GaussianBlur(noise, (0, 0), 2.0)
        stretched = (smooth - smooth.min()) / np.ptp(smooth) * 255
        picture = stretched.astype(np.uint8)
        self._pair = picture, np.roll(picture, 2, axis=1)
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        self._owed_ms = 0.0

    def measure_beside(self, elapsed_ms: float) -> list[ReferenceTime]:
        """Run it until it has had its share of the time; not at all while that is not used up.

        Args:
            elapsed_ms: What the query took that was measured before.
        """
        times = []
        self._owed_ms += _SHARE * elapsed_ms
        while self._owed_ms > 0:
            times.append(self.measure())
            self._owed_ms -= times[-1].wall_ms
        return times

    def measure(self) -> ReferenceTime:
        """Run it once."""
        threads = cv2.getNumThreads()
        cv2.setNumThreads(1)
        try:
            began, cpu_began = time.perf_counter(), time.thread_time()
            self._flow.calc(*self._pair, None)  # type: ignore[call-overload]
            cpu, wall = time.thread_time() - cpu_began, time.perf_counter() - began
        finally:
            cv2.setNumThreads(threads)
        return ReferenceTime(1000 * wall, 1000 * cpu)
