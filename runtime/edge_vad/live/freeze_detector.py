"""Whether a camera sends the same picture over and over."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_vad.opencv import cv2

_LEVELS = 3.0
_SHARE = 5e-4


class FreezeDetector:
    """Distinguishes a frozen camera from a still scene: a sensor's noise changes a living picture.

    The picture is the same when next to no pixel differs by more than three grey levels from how it
    was when it last changed. That leaves room for a stream that is compressed anew, and none for
    the noise of a sensor.

    Args:
        after_s: Seconds of the same picture after which a camera is frozen; 0 is never.
    """

    def __init__(self, after_s: float) -> None:
        self._after_s = after_s
        self._since_s = 0.0
        self._before: NDArray[np.uint8] | None = None
        self._difference: NDArray[np.uint8] | None = None

    def is_frozen(self, image: NDArray[np.uint8], now_s: float) -> bool:
        """Take the next frame.

        Args:
            image: uint8, (height, width, 3).
            now_s: When it was taken.
        """
        if not self._after_s:
            return False
        sample = image[::2, ::2, 1]
        if self._has_changed(sample):
            self._since_s = now_s
        return now_s - self._since_s >= self._after_s

    def _has_changed(self, sample: NDArray[np.uint8]) -> bool:
        before = self._before
        if before is None or self._difference is None or before.shape != sample.shape:
            self._before, self._difference = sample.copy(), np.empty_like(sample)
            return True
        difference = cv2.absdiff(sample, before, dst=self._difference)
        cv2.threshold(difference, _LEVELS, 1, cv2.THRESH_BINARY, dst=difference)
        if cv2.countNonZero(difference) <= _SHARE * sample.size:
            return False
        np.copyto(before, sample)
        return True
