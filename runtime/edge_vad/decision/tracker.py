"""From the detections of a recording to its events."""

from __future__ import annotations

from dataclasses import replace
from typing import TypedDict

from edge_vad.detection import Detection, Event
from edge_vad.false_alarms import QUIET_S, NormalTail


class _Rarity(TypedDict):
    normal_per_hour: float | None
    rarity: str


class EventTracker:
    """Joins anomalous frames into events; a gap shorter than `quiet_s` does not end one.

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

    def update(self, detection: Detection) -> Event | None:
        """Take the next detection; returns the event that has ended with it, if one has."""
        ended = None
        if self.ongoing and detection.frame.time_s - self.ongoing.end_s >= self._quiet_s:
            ended = self.finish()
        if detection.box is not None:
            self.ongoing = self._extended(detection)
        return ended

    def finish(self) -> Event | None:
        """End the ongoing event, as the footage has ended."""
        ended, self.ongoing = self.ongoing, None
        return ended

    def _extended(self, detection: Detection) -> Event:
        frame, score, box = detection.frame, detection.score, detection.box
        assert box is not None  # noqa: S101 - told by the caller, for the type checker
        if self.ongoing is None:
            self._number += 1
            return Event(
                number=self._number,
                start_index=frame.index,
                end_index=frame.index,
                start_s=frame.time_s,
                end_s=frame.time_s,
                peak_index=frame.index,
                peak_score=score,
                box=box,
                **self._rarity(score),
            )
        event = replace(self.ongoing, end_index=frame.index, end_s=frame.time_s)
        if score > event.peak_score:
            event = replace(event, peak_index=frame.index, peak_score=score, box=box)
            event = replace(event, **self._rarity(score))
        return event

    def _rarity(self, score: float) -> _Rarity:
        normal = self.normal
        if normal is None:
            return {"normal_per_hour": None, "rarity": ""}
        # Below its start the tail says nothing.
        rate = float(f"{normal.rate(score):.3g}") if score >= normal.start else None
        return {"normal_per_hour": rate, "rarity": normal.rarity(score)}
