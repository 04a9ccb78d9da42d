"""From the detections of a recording to its events."""

from __future__ import annotations

import math
from dataclasses import replace

from edge_vad.alarms.persistence import ALARM_FRAMES, Row, SustainedScore
from edge_vad.detection import Detection, Event
from edge_vad.false_alarms import QUIET_S, NormalTail


class EventTracker:
    """Joins anomalous frames into events.

    An event begins with the first of `ALARM_FRAMES` anomalous frames in a row; a gap shorter than
    `quiet_s` does not end it.

    Args:
        quiet_s: Seconds without an anomalous frame that end an event.
        normal: How high a normal scene scores and how often, for events to say how rare they are.

    Attributes:
        normal: The same; may be changed at any time.
        ongoing: The event that has not ended yet, up to the frame last seen.
    """

    def __init__(self, quiet_s: float = QUIET_S, normal: NormalTail | None = None) -> None:
        self.normal = normal
        self.ongoing: Event | None = None
        self._quiet_s = quiet_s
        self._number = 0
        self._forming: Event | None = None
        self._row = Row()
        self._sustained, self._rarest = SustainedScore(), -math.inf

    def update(self, detection: Detection) -> Event | None:
        """Take the next detection; returns the event that has ended with it, if one has."""
        ended = None
        if self.ongoing and detection.frame.time_s - self.ongoing.end_s >= self._quiet_s:
            ended = self.finish()
        kept_up = self._sustained.update(detection.score)
        row = self._row.update(detection.box is not None, detection.frame.time_s)
        if row <= 1:
            self._forming = None
        if row == 0:
            return ended
        event = self._extended(self.ongoing or self._forming, detection)
        if self.ongoing is None and row < ALARM_FRAMES:
            self._forming = event
        else:
            self.ongoing = self._rated(event, kept_up)
        return ended

    def finish(self) -> Event | None:
        """End the ongoing event, as the footage has ended."""
        ended, self.ongoing = self.ongoing, None
        self._forming, self._rarest = None, -math.inf
        self._row = Row()
        return ended

    def _extended(self, event: Event | None, detection: Detection) -> Event:
        frame, score, box = detection.frame, detection.score, detection.box
        assert box is not None  # noqa: S101 - told by the caller, for the type checker
        if event is None:
            return Event(
                number=self._number + 1,
                start_index=frame.index,
                end_index=frame.index,
                start_s=frame.time_s,
                end_s=frame.time_s,
                peak_index=frame.index,
                peak_score=score,
                box=box,
            )
        event = replace(event, end_index=frame.index, end_s=frame.time_s)
        if score > event.peak_score:
            event = replace(event, peak_index=frame.index, peak_score=score, box=box)
        return event

    def _rated(self, event: Event, kept_up: float) -> Event:
        """The event, with how rare the highest score is that it kept up."""
        self._number = event.number
        if self.normal is None or kept_up <= self._rarest:
            return event
        self._rarest = kept_up
        rate, rarity = self.normal.rate_and_rarity(kept_up)
        return replace(event, normal_per_hour=rate, rarity=rarity)
