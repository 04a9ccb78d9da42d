"""A fixed piece of work that is not ours, timed between all others."""

from __future__ import annotations

import time

import numpy as np

from edge_vad.opencv import cv2

WIDTH, HEIGHT = 360, 240
WHAT = f"DIS optical flow, preset medium, two still pictures of {WIDTH}x{HEIGHT}, one thread"


class Yardstick:
    """Times one optical flow of OpenCV's preset medium: the like of what costs us most.

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

    def time_ms(self, repeats: int = 5) -> float:
        """Median time of a flow, ms."""
        threads = cv2.getNumThreads()
        cv2.setNumThreads(1)
        times = []
        try:
            for _ in range(repeats):
                started = time.perf_counter()
                self._flow.calc(*self._pair, None)  # type: ignore[call-overload]
                times.append(time.perf_counter() - started)
        finally:
            cv2.setNumThreads(threads)
        return float(np.median(times)) * 1000
