"""What a scene has looked like lately, by which what stays can be told from what passes."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from edge_vad.opencv import cv2


class RecentPicture:
    """Adds up pictures that fade: `S <- S + a (g - S)` with `a = 1 - exp(-steps / frames)`.

    A weight W that begins at 0 follows the same rule with 1 for g, so that `S - W B` is how much
    the scene has lately differed from its empty picture B, however few pictures have come: what
    was there all the time counts whole, what only passed hardly at all.

    Args:
        frames: Time constant, frame times of the scene.
        out: float32, (2, height, width), where S, 0 to 1, and W are written.
    """

    def __init__(self, frames: int, out: NDArray[np.float32]) -> None:
        self._frames = frames
        self._out = out
        rows, columns = out.shape[1:]
        self._small = np.zeros((rows, columns), np.uint8)
        self._sum = np.zeros((rows, columns), np.float32)
        self._weight = 0.0

    def reset(self) -> None:
        """Forget every picture."""
        self._sum.fill(0)
        self._out.fill(0)
        self._weight = 0.0

    def push(self, grey: NDArray[np.uint8], steps: float = 1.0) -> None:
        """Add the newest picture.

        Args:
            grey: uint8, of any size; averaged over blocks.
            steps: Frame times since the picture before.
        """
        share = -math.expm1(-steps / self._frames)
        cv2.resize(grey, self._small.shape[::-1], dst=self._small, interpolation=cv2.INTER_AREA)
        cv2.accumulateWeighted(self._small, self._sum, share)
        self._weight += share * (1 - self._weight)
        np.multiply(self._sum, 1 / 255, out=self._out[0])
        self._out[1] = self._weight
