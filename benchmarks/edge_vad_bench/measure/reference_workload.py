"""A fixed piece of work that is not ours, timed between all others."""

from __future__ import annotations

import time
from typing import NamedTuple

import numpy as np

from edge_vad.opencv import cv2

WIDTH, HEIGHT = 360, 240
WHAT = f"DIS optical flow, preset medium, two still pictures of {WIDTH}x{HEIGHT}, one thread"

_SHARE = 0.1
"""How long the yardstick is timed, as a share of what it stands beside."""


class Reading(NamedTuple):
    """What the yardstick took.

    Attributes:
        wall_ms: By the clock.
        cpu_ms: Of the CPU. The rest of the time others had it.
    """

    wall_ms: float
    cpu_ms: float


class Yardstick:
    """Times optical flow of OpenCV's preset medium: the like of what costs us most.

    It is the same in every version of edge-vad, so a slower yardstick tells of a slower or busier
    machine, and what is measured in yardsticks can be compared from run to run.
    """

    def __init__(self) -> None:
        noise = np.random.default_rng(0).random((HEIGHT, WIDTH)).astype(np.float32)
        smooth = cv2.GaussianBlur(noise, (0, 0), 2.0)
        stretched = (smooth - smooth.min()) / np.ptp(smooth) * 255
        picture = stretched.astype(np.uint8)
        self._pair = picture, np.roll(picture, 2, axis=1)
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        self._owed_ms = 0.0

    def beside(self, elapsed_ms: float) -> list[Reading]:
        """Time it for as long as is due beside something else, which may be not at all yet.

        Args:
            elapsed_ms: What that took.
        """
        readings = []
        self._owed_ms += _SHARE * elapsed_ms
        while self._owed_ms > 0:
            readings.append(self.read())
            self._owed_ms -= readings[-1].wall_ms
        return readings

    def read(self) -> Reading:
        """Time it once."""
        threads = cv2.getNumThreads()
        cv2.setNumThreads(1)
        try:
            began, cpu_began = time.perf_counter(), time.thread_time()
            self._flow.calc(*self._pair, None)  # type: ignore[call-overload]
            cpu, wall = time.thread_time() - cpu_began, time.perf_counter() - began
        finally:
            cv2.setNumThreads(threads)
        return Reading(1000 * wall, 1000 * cpu)
