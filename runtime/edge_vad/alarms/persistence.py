"""What a scene's score keeps up: a single strange frame raises no alarm.

Optical flow fails now and then for one pair of pictures, as when streaks of rain are taken for each
other, and pooling keeps such a field for a few frames. What happens in the scene lasts longer.
"""

from __future__ import annotations

import math
from collections import deque

import numpy as np
from numpy.typing import NDArray

from edge_vad.false_alarms import QUIET_S

ALARM_FRAMES = 3
"""An alarm begins when so many frames in a row pass the threshold."""


class SustainedScore:
    """The lowest of the last `ALARM_FRAMES` scores; of fewer, while fewer have come.

    From the third frame on it passes a threshold exactly when the last `ALARM_FRAMES` frames do.

    Example:
        >>> sustained = SustainedScore()
        >>> [sustained.update(score) for score in (0.0, 9.0, 7.0, 8.0, 1.0)]
        [0.0, 0.0, 0.0, 7.0, 1.0]
    """

    def __init__(self) -> None:
        self._recent: deque[float] = deque(maxlen=ALARM_FRAMES)

    def update(self, score: float) -> float:
        """Take the next frame's score; what is kept up with it."""
        self._recent.append(score)
        return min(self._recent)

    def reset(self) -> None:
        """Forget every score."""
        self._recent.clear()


class Row:
    """Counts the anomalous frames in a row.

    A pause breaks the row: a gap of `QUIET_S` or more that is more than twice the one before, for
    there are cameras whose every frame is seconds from the next.

    Attributes:
        length: Of the row up to the last frame; 0 where that was no anomaly.

    Example:
        >>> row = Row()
        >>> [row.update(True, time_s) for time_s in (0.0, 0.1, 0.2, 600.0)]
        [1, 2, 3, 1]
    """

    def __init__(self) -> None:
        self.length = 0
        self._last_s, self._gap_s = math.nan, math.inf

    def update(self, anomalous: bool, time_s: float) -> int:
        """Take the next frame; the length of the row with it."""
        gap_s = time_s - self._last_s
        if gap_s >= QUIET_S and gap_s > 2 * self._gap_s:
            self.length = 0
        if not math.isnan(gap_s):
            self._gap_s = gap_s
        self._last_s = time_s
        self.length = self.length + 1 if anomalous else 0
        return self.length


def sustained(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """What `SustainedScore` tells of every frame of a stretch.

    Args:
        scores: (frames,), in order of time.

    Returns:
        (frames,).

    Example:
        >>> sustained(np.array([0, 9, 7, 8, 1], np.float32)).tolist()
        [0.0, 0.0, 0.0, 7.0, 1.0]
    """
    before = np.full(ALARM_FRAMES - 1, math.inf, scores.dtype)
    windows = np.lib.stride_tricks.sliding_window_view(
        np.concatenate([before, scores]), ALARM_FRAMES
    )
    lowest: NDArray[np.float32] = windows.min(axis=1)
    return lowest
