"""The strangest moments of a recording, whatever the threshold."""

from __future__ import annotations

import heapq
import math
from array import array
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from edge_vad.alarms.localisation import locate_peak
from edge_vad.alarms.persistence import PersistentScore
from edge_vad.alarms.stationary import StationaryForeground
from edge_vad.detection import Box, Detection
from edge_vad.preprocessing.regions import Polygon
from edge_vad.scene_model import SceneCard

COUNT = 3
_USUAL_APART_S = 5.0
_FEWEST_OTHERS = 20
"""Frames that are enough for statistics of the rest of a recording."""


@dataclass(frozen=True, slots=True)
class Moment:
    """One of the strangest moments.

    Attributes:
        index: The frame's position in its source.
        time_s: Seconds on the source's clock.
        score: The persistent score then, which an alarm is decided by.
        box: Where the map was highest, or where something stands; px of the source's frames.
        image: The frame.
        above_rest: How far the score lies above the median of the rest of the recording, in steps
            from that median to the 95th percentile; None where the rest is too short or too even.
        stands_s: For how many seconds something stood there that does not belong to the scene; None
            for a moment of a high score.
    """

    index: int
    time_s: float
    score: float
    box: Box
    image: NDArray[np.uint8]
    above_rest: float | None = None
    stands_s: float | None = None


def seconds_apart(duration_s: float | None) -> float:
    """How far two moments are to be apart: a few seconds, less in a short recording.

    Example:
        >>> seconds_apart(None), seconds_apart(18.0), seconds_apart(7200.0)
        (5.0, 1.5, 10.0)
    """
    if duration_s is None:
        return _USUAL_APART_S
    return min(10.0, max(1.0, duration_s / 12))


class TopMoments:
    """Finds the highest peaks of the persistent score that are some time apart.

    A peak is a frame above which no other lies within `apart_s`, before or after. Of all frames one
    number is kept; pictures only of the few best peaks and of the one that may become another. What
    stands still has no peak: the last moment is given to what has stood the longest, if anything.

    Args:
        card: Where the cells of the anomaly map lie.
        apart_s: Least seconds between two moments.
        ignore: Regions in which nothing counts, besides those of the scene, px of the frames.
        count: Most moments.
    """

    def __init__(
        self,
        card: SceneCard,
        apart_s: float,
        *,
        ignore: Sequence[Polygon] = (),
        count: int = COUNT,
    ) -> None:
        self._card, self._apart_s, self._count = card, apart_s, count
        self._stationary = StationaryForeground(card, ignore)
        self._persistent = PersistentScore()
        self._times_s, self._scores = array("d"), array("f")
        self._highest: deque[tuple[float, float]] = deque()
        """Times and falling scores: the first is the highest of the last `apart_s`."""
        self._rising: Moment | None = None
        self._best: list[tuple[float, int, Moment]] = []

    def update(self, detection: Detection) -> None:
        """Take the next frame; one that was not judged counts for nothing."""
        if not detection.judged:
            self._persistent.reset()
            return
        self._stationary.update(detection)
        score, now = self._persistent.update(detection.score), detection.frame.time_s
        if self._times_s and now < self._times_s[-1]:  # the source's clock began anew
            self._settle()
            self._highest.clear()
        if self._rising and now - self._rising.time_s >= self._apart_s:
            self._settle()
        if self._is_peak(score, now):
            self._rising = self._seen(detection, score) if self._is_among_best(score) else None
        self._times_s.append(now)
        self._scores.append(score)

    def finish(self) -> list[Moment]:
        """End the recording: its strangest moments, the strangest first."""
        self._settle()
        standing = self._standing()
        ranked = sorted(self._best, key=lambda each: each[:2], reverse=True)
        peaks = [moment for _, _, moment in ranked][: self._count - len(standing)]
        # Ctrl-C may fall between the two: then the last time has no score.
        scores = np.array(self._scores)
        times_s = np.array(self._times_s[: len(scores)])
        return [
            replace(moment, above_rest=self._above_rest(moment, times_s, scores))
            for moment in peaks + standing
        ]

    def _standing(self) -> list[Moment]:
        """What has stood the longest, if anything has."""
        if (found := self._stationary.longest) is None:
            return []
        frame, stands_s = found.frame, found.seconds
        moment = Moment(frame.index, frame.time_s, found.score, found.box, frame.image)
        return [replace(moment, stands_s=stands_s)]

    def _is_peak(self, score: float, now: float) -> bool:
        """Whether no frame of the last `apart_s` scored as high."""
        recent = self._highest
        while recent and now - recent[0][0] >= self._apart_s:
            recent.popleft()
        is_peak = not recent or score > recent[0][1]
        while recent and recent[-1][1] <= score:
            recent.pop()
        recent.append((now, score))
        return is_peak

    def _is_among_best(self, score: float) -> bool:
        return len(self._best) < self._count or score > self._best[0][0]

    def _seen(self, detection: Detection, score: float) -> Moment:
        frame = detection.frame
        box = locate_peak(detection.anomaly_map, self._card, *frame.image.shape[:2])
        return Moment(frame.index, frame.time_s, score, box, frame.image.copy())

    def _settle(self) -> None:
        """The highest frame so far was a peak: none as high followed in time."""
        moment, self._rising = self._rising, None
        if moment is None:
            return
        heapq.heappush(self._best, (moment.score, -moment.index, moment))
        if len(self._best) > self._count:
            heapq.heappop(self._best)

    def _above_rest(
        self, moment: Moment, times_s: NDArray[np.float64], scores: NDArray[np.float32]
    ) -> float | None:
        rest = scores[np.abs(times_s - moment.time_s) >= self._apart_s]
        if len(rest) < _FEWEST_OTHERS:
            return None
        median, high = np.quantile(rest, (0.5, 0.95))
        steps = (moment.score - median) / (high - median) if high > median else math.inf
        return float(steps) if math.isfinite(steps) else None
