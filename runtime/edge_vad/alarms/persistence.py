"""Persistent scores: a single anomalous frame raises no alarm.

Optical flow fails now and then for one pair of pictures, as when streaks of rain are taken for each
other, and pooling keeps such a field for a few frames. What happens in the scene lasts longer.
"""

from __future__ import annotations

import math
from collections import deque

import numpy as np
from numpy.typing import NDArray

from edge_vad.alarms.alarm import ALARM_FRAMES


class PersistentScore:
    """The lowest of the last `ALARM_FRAMES` scores; of fewer, while fewer have come.

    From the third frame on it passes a threshold exactly when the last `ALARM_FRAMES` frames do.

    Example:
        >>> persistent = PersistentScore()
        >>> [persistent.update(score) for score in (0.0, 9.0, 7.0, 8.0, 1.0)]
        [0.0, 0.0, 0.0, 7.0, 1.0]
    """

    def __init__(self) -> None:
        self._recent: deque[float] = deque(maxlen=ALARM_FRAMES)

    def update(self, score: float) -> float:
        """Take the next frame's score; the persistent score with it."""
        self._recent.append(score)
        return min(self._recent)

    def reset(self) -> None:
        """Forget every score."""
        self._recent.clear()


def persistent_scores(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """The persistent score of every frame of a stretch.

    Args:
        scores: (frames,), in order of time.

    Returns:
        (frames,).

    Example:
        >>> persistent_scores(np.array([0, 9, 7, 8, 1], np.float32)).tolist()
        [0.0, 0.0, 0.0, 7.0, 1.0]
    """
    before = np.full(ALARM_FRAMES - 1, math.inf, scores.dtype)
    windows = np.lib.stride_tricks.sliding_window_view(
        np.concatenate([before, scores]), ALARM_FRAMES
    )
    lowest: NDArray[np.float32] = windows.min(axis=1)
    return lowest
