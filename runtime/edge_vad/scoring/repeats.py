"""Pictures that come again: a camera that hangs, or one that is slower than its file says."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_vad.motion.pace import LONGEST_STEP
from edge_vad.opencv import cv2

_BLOCK = 8
"""Blocks of this many px a side are compared: compression changes their means but little."""
_LEVELS = 6
_SAME = 1e-3
"""Share of blocks up to which a picture is the same. Of a street at H.264's CRF 34 up to 0.0007 of
them differ in a hang, key frames included, and 0.027 or more from one new picture to the next."""
_BUSY = 5e-3
"""Share of blocks that changes where something moves. What moves does not stop all at once, so a
picture that does hangs; a scene at rest is no repetition."""
_LONGEST = 25.0
"""Frame times after which a picture that stands is taken for a scene at rest."""


class RepeatDetector:
    """Distinguishes pictures that come again from a scene that has come to rest.

    Attributes:
        has_hung: Whether the last picture is new, and came too late for flow to follow.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget the pictures before."""
        self._before: NDArray[np.uint8] | None = None
        self._change, self._stood, self._usual = 0.0, 0.0, 1.0
        self.has_hung = False

    def is_repeat(self, image: NDArray[np.uint8], steps: float) -> bool:
        """Take the next picture.

        A camera that is slower than its file repeats every picture as often: that is its pace, and
        its flow is right on the mean. Only what is repeated for longer than before counts.

        Args:
            image: uint8, (height, width, 3).
            steps: Frame times of the scene since the one before.
        """
        rows, columns = (max(1, side // _BLOCK) for side in image.shape[:2])
        small = cv2.resize(image[..., 1], (columns, rows), interpolation=cv2.INTER_AREA)
        stood = self._stood + steps
        change = self._changed(np.asarray(small, np.uint8))
        if change <= _SAME and self._change >= _BUSY and stood <= _LONGEST:
            self._stood, self.has_hung = stood, False
            return stood >= self._usual
        self.has_hung = stood > steps and stood > LONGEST_STEP
        self._usual = min(stood, LONGEST_STEP)
        self._before, self._change, self._stood = np.asarray(small, np.uint8), change, 0.0
        return False

    def _changed(self, small: NDArray[np.uint8]) -> float:
        """The share of blocks that are not as in the last picture that was new."""
        if self._before is None:
            return 0.0
        difference = cv2.absdiff(small, self._before)
        return float(np.count_nonzero(difference > _LEVELS)) / small.size
