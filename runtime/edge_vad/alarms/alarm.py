"""What an alarm is, for recordings, cameras, drift and training alike.

- A frame is anomalous when its score reaches the threshold.
- An alarm begins with the first of `ALARM_FRAMES` anomalous frames in a row, without a pause.
- It goes on with every frame whose score holds it: that is the threshold, or less with hysteresis.
- It ends when no frame has held it for `QUIET_S`: alarms closer than this are one alarm.
- Its rarity is that of its highest persistent score: see `edge_vad.alarms.persistence`.

`edge_vad.alarms.tracker` applies this to frames as they come, with the time that they carry.
`AlarmPeaks` applies it to persistent scores alone, to learn how high normal ones climb.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

ALARM_FRAMES = 3
"""An alarm begins when so many frames in a row pass the threshold."""
QUIET_S = 1.0
"""Alarms closer than this are one alarm, when they are counted as when they are raised."""


class AnomalousRun:
    """Counts the anomalous frames in a row.

    A pause breaks the row: a gap of `QUIET_S` or more that is more than twice the one before, for
    there are cameras whose every frame is seconds from the next.

    Attributes:
        length: Of the row up to the last frame; 0 where that was no anomaly.

    Example:
        >>> run = AnomalousRun()
        >>> [run.update(True, time_s) for time_s in (0.0, 0.1, 0.2, 600.0)]
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


class AlarmPeaks:
    """Splits the persistent scores above a level into alarms; the highest of each is its peak.

    Args:
        fps: Frames a second.

    Example:
        >>> peaks = AlarmPeaks(fps=2.0)
        >>> scores = (5.0, 0.0, 7.0, 0.0, 0.0, 0.0)
        >>> [peaks.update(score, 4.0, index) for index, score in enumerate(scores)]
        [None, None, None, None, None, 7.0]
    """

    def __init__(self, fps: float) -> None:
        self._quiet_frames = QUIET_S * fps
        self.reset()

    def reset(self) -> None:
        """Forget the alarm that goes on."""
        self._peak, self._last_passing = -math.inf, 0

    def update(self, score: float, level: float, index: int) -> float | None:
        """Take the next frame.

        Args:
            score: The persistent score.
            level: From which on it counts.
            index: The frame's number.

        Returns:
            The peak of the alarm that is over with this frame; None where none is.
        """
        ended = None
        if self._peak > -math.inf and index - self._last_passing > self._quiet_frames:
            ended, self._peak = self._peak, -math.inf
        if score >= level:
            self._peak, self._last_passing = max(self._peak, score), index
        return ended


def alarm_peaks(scores: NDArray[np.float32], level: float, fps: float) -> list[float]:
    """The peaks of all alarms in a stretch, with the alarm that its end cuts off.

    Args:
        scores: Persistent scores, (frames,), in order of time.
        level: From which on they count.
        fps: Frames a second.

    Example:
        >>> alarm_peaks(np.array([5, 0, 7, 0, 0, 0, 6], np.float32), 4.0, fps=2.0)
        [7.0, 6.0]
    """
    passing = np.flatnonzero(scores >= level)
    if not len(passing):
        return []
    alarms = np.split(passing, np.flatnonzero(np.diff(passing) > QUIET_S * fps) + 1)
    return [float(scores[alarm].max()) for alarm in alarms]
