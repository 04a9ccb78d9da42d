"""The detector's results: a detection for every frame, an event for every alarm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_vad.frame import Frame

NO_MOTION = "motion not known"
"""Why the first frame is not judged, and the first after a hole."""


class Box(NamedTuple):
    """A rectangle in a frame, px: top left corner and size."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Detection:
    """What was found in one frame.

    Attributes:
        frame: The frame, as the source gave it.
        score: Anomaly score of the frame: 0 is about the level of normal footage.
        threshold: Score from which on a frame is anomalous.
        anomaly_map: float32, (rows, columns), the calibrated anomaly of every cell.
        box: Where the frame's anomaly is, in its own px; None when it is not anomalous.
        unjudged: Why nothing could be said of the frame, such as `moved`; the score then is 0 and
            means nothing. Empty where it was judged.
    """

    frame: Frame
    score: float
    threshold: float
    anomaly_map: NDArray[np.float32]
    box: Box | None
    unjudged: str = ""

    @property
    def judged(self) -> bool:
        """Whether the frame has a score."""
        return not self.unjudged

    @property
    def anomalous(self) -> bool:
        """Whether the frame's score passes the threshold."""
        return self.judged and self.score >= self.threshold


@dataclass(frozen=True, slots=True)
class Event:
    """One alarm: a run of anomalous frames, short gaps included.

    Attributes:
        number: Counted from 1.
        start_index: First anomalous frame.
        end_index: Last anomalous frame.
        start_s: Time of the first anomalous frame, s.
        end_s: Time of the last anomalous frame, s.
        peak_index: Frame of the highest score.
        peak_score: The highest score.
        box: Where the anomaly was at the peak, px of the source's frames.
        normal_per_hour: How often an hour a normal scene keeps up as high a score as the event
            did; None where that is not known.
        rarity: The same in words, and how far it can be trusted.
    """

    number: int
    start_index: int
    end_index: int
    start_s: float
    end_s: float
    peak_index: int
    peak_score: float
    box: Box
    normal_per_hour: float | None = None
    rarity: str = ""
