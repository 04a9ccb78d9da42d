"""Alarms of one zone of a camera's picture, or of the rest of it, as events that are announced."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from edge_vad.alarms.identity import event_id
from edge_vad.alarms.localisation import Localiser
from edge_vad.alarms.settings import DecisionSettings
from edge_vad.alarms.threshold import Level
from edge_vad.alarms.tracker import EventTracker
from edge_vad.detection import Detection, Event
from edge_vad.events import ChangeKind, EventChange, EventState, LiveEvent
from edge_vad.false_alarms import NormalTail


class ZoneAlarms:
    """Decides, frame by frame, what is an alarm there, and what is announced of it.

    What an alarm is, is up to `EventTracker`. Here is when an event is announced: once it has
    lasted, and again as it goes on.

    Args:
        camera: Name of the camera.
        zone: Name of the zone; empty for the rest of the picture.
        localiser: Makes detections of what counts there.
        settings: When an event begins and ends.
        wall_clock: Seconds since 1970.

    Attributes:
        localiser: As given.
    """

    def __init__(
        self,
        camera: str,
        zone: str,
        localiser: Localiser,
        settings: DecisionSettings,
        wall_clock: Callable[[], float],
    ) -> None:
        self.localiser = localiser
        self._camera, self._zone, self._settings = camera, zone, settings
        self._wall_clock = wall_clock
        self._tracker = EventTracker(settings.quiet_s)
        self._event: LiveEvent | None = None
        """What the tracker's current event is to the sinks, from its first frame on."""
        self._is_announced, self._announced_s = False, 0.0
        self._now_s = self._quiet_until_s = -math.inf
        self._picture: NDArray[np.uint8] | None = None
        """The frame at the peak, until it is announced."""

    @property
    def ongoing(self) -> LiveEvent | None:
        """The event that was announced and has not ended."""
        return self._event if self._is_announced else None

    def update(self, detection: Detection, level: Level, normal: NormalTail) -> list[EventChange]:
        """Take the next frame's detection.

        Args:
            detection: What was found there.
            level: What it was held against.
            normal: How high a normal scene scores, for the rarity of events.

        Returns:
            What happened to events with it, oldest first.
        """
        now = detection.frame.time_s
        changes = self._end_in_time(now)
        self._now_s = now
        before, self._tracker.normal = self._tracker.current, normal
        self._tracker.add(detection, level.hold, may_begin=now >= self._quiet_until_s)
        self._follow(before, detection)
        return changes + self._announce(now)

    def finish(self) -> list[EventChange]:
        """End the event that goes on, as the camera is lost or the run ends."""
        announced, ended, picture = self.ongoing, self._tracker.finish(), self._picture
        self._forget()
        if announced is None or ended is None:
            return []
        self._quiet_until_s = ended.end_s + self._settings.cooldown_s
        return [EventChange(ChangeKind.END, replace(announced, state=EventState.ENDED), picture)]

    def reset(self) -> list[EventChange]:
        """The same, and forget the cool-down: the source's clock begins anew."""
        changes = self.finish()
        self._tracker.reset()
        self._quiet_until_s = -math.inf
        return changes

    def _end_in_time(self, now: float) -> list[EventChange]:
        """End the event before the next frame is taken, where that frame is too late for it."""
        if now < self._now_s:
            return self.reset()
        return self.finish() if self._tracker.is_over(now) else []

    def _forget(self) -> None:
        self._event = self._picture = None
        self._is_announced = False

    def _follow(self, before: Event | None, detection: Detection) -> None:
        """Update the event that is reported to the tracker's, which was `before`."""
        current, event = self._tracker.current, self._event
        if current is None:
            self._forget()
        elif event is None or before is None or before.start_s != current.start_s:
            self._event = self._begun(current, detection.threshold)
            self._picture = detection.frame.image.copy()
        elif current is not before:
            end = event.start + current.end_s - current.start_s
            if current.peak_score > before.peak_score:
                event = replace(event, peak=end, score=current.peak_score, box=current.box)
                self._picture = detection.frame.image.copy()
            rate, rarity = current.normal_per_hour, current.rarity
            self._event = replace(event, end=end, normal_per_hour=rate, rarity=rarity)

    def _begun(self, current: Event, threshold: float) -> LiveEvent:
        at = self._wall_clock()
        return LiveEvent(
            id=event_id(at),
            camera=self._camera,
            zone=self._zone,
            start=at,
            end=at,
            peak=at,
            score=current.peak_score,
            threshold=threshold,
            box=current.box,
        )

    def _announce(self, now: float) -> list[EventChange]:
        event, ongoing = self._event, self._tracker.ongoing
        if event is None or ongoing is None:
            return []
        if ongoing.end_s - ongoing.start_s < self._settings.min_duration_s:
            return []
        kind = ChangeKind.UPDATE if self._is_announced else ChangeKind.NEW
        is_due = now - self._announced_s >= self._settings.update_s
        if self._is_announced and not (is_due and ongoing.end_s > self._announced_s):
            return []
        self._is_announced, self._announced_s = True, now
        picture, self._picture = self._picture, None
        return [EventChange(kind, event, picture)]
