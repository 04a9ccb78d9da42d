"""From detections to events: the one place where an alarm begins, goes on and ends."""

from __future__ import annotations

import math
from dataclasses import replace

from edge_vad.alarms.alarm import ALARM_FRAMES, QUIET_S, AnomalousRun
from edge_vad.alarms.persistence import PersistentScore
from edge_vad.detection import Detection, Event
from edge_vad.false_alarms import NormalTail


class EventTracker:
    """Joins anomalous frames into events; see `edge_vad.alarms.alarm` for what an alarm is.

    Args:
        quiet_s: Seconds without a frame that holds an event, which end it.
        normal: How high a normal scene scores and how often, for the rarity of events.

    Attributes:
        normal: The same; may be changed at any time.
        current: The event that forms or goes on, up to the frame last seen.
    """

    def __init__(self, quiet_s: float = QUIET_S, normal: NormalTail | None = None) -> None:
        self.normal = normal
        self.current: Event | None = None
        self._quiet_s = quiet_s
        self._number = 1
        self._frames = 0
        """Since the current event began."""
        self._run, self._persistent = AnomalousRun(), PersistentScore()
        self._highest = -math.inf
        """The highest persistent score of the current event."""

    @property
    def ongoing(self) -> Event | None:
        """The event that has formed and has not ended yet, up to the frame last seen."""
        return self.current if self._is_formed else None

    def update(self, detection: Detection) -> Event | None:
        """Take the next detection; returns the event that has ended with it, if one has."""
        ended = self.finish() if self.is_over(detection.frame.time_s) else None
        self.add(detection, detection.threshold)
        return ended

    def is_over(self, time_s: float) -> bool:
        """Whether the ongoing event has ended by this time, as nothing held it for long enough."""
        ongoing = self.ongoing
        return ongoing is not None and time_s - ongoing.end_s >= self._quiet_s

    def add(self, detection: Detection, hold: float, *, may_begin: bool = True) -> None:
        """Take the next detection, once an event that is over was ended.

        Args:
            detection: The detection.
            hold: Score down to which an event goes on.
            may_begin: Whether an event may begin with it.
        """
        persistent = self._persistent.update(detection.score)
        run = self._run.update(detection.anomalous, detection.frame.time_s)
        if run <= 1 and not self._is_formed:
            self._forget()
        if self.current is None:
            if detection.anomalous and may_begin:
                self.current = _begun(detection, self._number)
        elif detection.judged and detection.score >= hold:
            self.current = _extended(self.current, detection)
        self._form(persistent)

    def finish(self) -> Event | None:
        """End the ongoing event, as the footage has ended; one that forms is dropped."""
        ended = self.ongoing
        self._number += ended is not None
        self._forget()
        return ended

    def reset(self) -> None:
        """The same, and forget the frames before: the source's clock begins anew."""
        self.finish()
        self._run = AnomalousRun()

    @property
    def _is_formed(self) -> bool:
        return self._frames >= ALARM_FRAMES

    def _forget(self) -> None:
        self.current, self._frames, self._highest = None, 0, -math.inf

    def _form(self, persistent: float) -> None:
        """Count the frame, and update the rarity of the event's highest persistent score."""
        if self.current is None:
            return
        self._frames += 1
        if self.normal is None or not self._is_formed or persistent <= self._highest:
            return
        self._highest = persistent
        rate, rarity = self.normal.rate_and_rarity(persistent)
        self.current = replace(self.current, normal_per_hour=rate, rarity=rarity)


def _begun(detection: Detection, number: int) -> Event:
    frame, box = detection.frame, detection.box
    assert box is not None  # noqa: S101 - an anomalous frame has one
    return Event(
        number=number,
        start_index=frame.index,
        end_index=frame.index,
        start_s=frame.time_s,
        end_s=frame.time_s,
        peak_index=frame.index,
        peak_score=detection.score,
        box=box,
    )


def _extended(event: Event, detection: Detection) -> Event:
    frame, score, box = detection.frame, detection.score, detection.box
    event = replace(event, end_index=frame.index, end_s=frame.time_s)
    if score > event.peak_score and box is not None:
        event = replace(event, peak_index=frame.index, peak_score=score, box=box)
    return event
