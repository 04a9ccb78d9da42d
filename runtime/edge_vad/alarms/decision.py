"""From the detections of a live camera to events that are told while they happen."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_vad.alarms.drift import DriftState, DriftStep
from edge_vad.alarms.identity import event_id
from edge_vad.alarms.ignored import IgnoredCells
from edge_vad.alarms.level import Level
from edge_vad.alarms.localisation import locate
from edge_vad.alarms.persistence import ALARM_FRAMES, Row, SustainedScore
from edge_vad.alarms.settings import DecisionSettings
from edge_vad.alarms.threshold import Threshold
from edge_vad.detection import Detection
from edge_vad.events import ChangeKind, EventChange, EventState, LiveEvent
from edge_vad.scene_model import SceneCard


class Judgement(NamedTuple):
    """What was decided on a frame.

    Attributes:
        detection: The detection by the camera's own threshold, ignored regions left out.
        changes: What happened to events with it, oldest first.
        drifted: The step that the threshold has taken after it, if it took one.
    """

    detection: Detection
    changes: list[EventChange]
    drifted: DriftStep | None = None


class Decision:
    """Decides, frame by frame, what is an alarm of one camera.

    An event begins with the first of `ALARM_FRAMES` anomalous frames in a row, and is told with the
    last of them at the earliest.

    `accept` may be called from any thread; all else belongs to one.

    Args:
        camera: Name of the camera.
        card: What its scene model says of itself.
        settings: When an event begins and ends.
        wall_clock: Seconds since 1970.
        fps: Frames a second that are scored; the scene's own when None.

    Raises:
        WrongUse: Drift is to be followed, and so many false alarms are accepted that it cannot be.
    """

    def __init__(
        self,
        camera: str,
        card: SceneCard,
        settings: DecisionSettings,
        wall_clock: Callable[[], float] = time.time,
        fps: float | None = None,
    ) -> None:
        self._threshold = Threshold(card.normal, settings, fps or card.fps)
        self._camera, self._card, self._settings = camera, card, settings
        self._wall_clock = wall_clock
        self._ignored = IgnoredCells(settings.ignore, card)
        self._event: LiveEvent | None = None
        """What goes on; while it forms, no more than that anomalous frames follow each other."""
        self._is_formed = self._is_told = False
        self._row, self._frames = Row(), 0
        self._sustained, self._rarest = SustainedScore(), -math.inf
        self._told_s = self._start_s = self._last_s = 0.0
        self._now_s = self._quiet_until_s = -float("inf")
        self._picture: NDArray[np.uint8] | None = None
        """The frame at the peak, until it is told."""

    @property
    def level(self) -> Level:
        """What scores are held against just now."""
        return self._threshold.level

    @property
    def drift(self) -> DriftStep | None:
        """Where drift has brought the threshold; None where it does not move by itself."""
        return self._threshold.drift

    @property
    def ongoing(self) -> LiveEvent | None:
        """The event that was told and has not ended."""
        return self._event if self._is_told else None

    def accept(self, false_alarms: str) -> Level:
        """Change the threshold, from the next frame on.

        Raises:
            WrongUse: No rate of false alarms, or one at which drift cannot be followed.
        """
        return self._threshold.accept(false_alarms)

    def resume(self, state: DriftState) -> None:
        """Follow drift from where an earlier run came to.

        Raises:
            WrongUse: It was learnt with another scene.
        """
        self._threshold.resume(state)

    def update(self, detection: Detection) -> Judgement:
        """Take the next scored frame."""
        level = self.level
        detection = self._seen(detection, level.begin)
        now, changes = detection.frame.time_s, []
        if now < self._now_s:
            changes += self.reset()
        elif self._is_formed and now - self._last_s >= self._settings.quiet_s:
            changes += self.finish()
        self._now_s = now
        row = self._row.update(detection.anomalous, now)
        if row <= 1 and not self._is_formed:
            self.finish()
        if self._event is None:
            if detection.anomalous and now >= self._quiet_until_s:
                self._begin(detection)
        elif detection.score >= level.hold:
            self._extend(self._event, detection)
        self._form(detection)
        changes += self._tell(now)
        return Judgement(detection, changes, self._threshold.follow(detection.score, now))

    def finish(self) -> list[EventChange]:
        """End the event that goes on, as the camera is lost or the run ends."""
        event, told = self._event, self._is_told
        picture, self._picture = self._picture, None
        self._event, self._is_formed, self._is_told = None, False, False
        self._frames, self._rarest = 0, -math.inf
        if event is None or not told:
            return []
        self._quiet_until_s = self._last_s + self._settings.cooldown_s
        return [EventChange(ChangeKind.END, replace(event, state=EventState.ENDED), picture)]

    def reset(self) -> list[EventChange]:
        """The same, and forget the cool-down: the source's clock begins anew."""
        changes = self.finish()
        self._row = Row()
        self._quiet_until_s = -float("inf")
        return changes

    def _seen(self, detection: Detection, threshold: float) -> Detection:
        """The detection without the ignored cells, by this threshold."""
        rows, columns = detection.frame.image.shape[:2]
        if self._ignored.of(rows, columns) is None and detection.threshold == threshold:
            return detection
        found = detection.score, detection.anomaly_map
        score, anomaly_map = self._ignored.counted(*found, rows, columns)
        box = None
        if score >= threshold:
            box = locate(anomaly_map, threshold, self._card, rows, columns)
        return Detection(detection.frame, score, threshold, anomaly_map, box)

    def _begin(self, detection: Detection) -> None:
        assert detection.box is not None  # noqa: S101 - an anomalous frame has one
        at = self._wall_clock()
        self._start_s = self._last_s = self._told_s = detection.frame.time_s
        self._event = LiveEvent(
            id=event_id(at),
            camera=self._camera,
            start=at,
            end=at,
            peak=at,
            score=detection.score,
            threshold=detection.threshold,
            box=detection.box,
        )
        self._picture = detection.frame.image.copy()

    def _extend(self, event: LiveEvent, detection: Detection) -> None:
        self._last_s = detection.frame.time_s
        at = event.start + self._last_s - self._start_s
        self._event = replace(event, end=at)
        if detection.score > event.score and detection.box is not None:
            self._event = replace(self._event, peak=at, score=detection.score, box=detection.box)
            self._picture = detection.frame.image.copy()

    def _form(self, detection: Detection) -> None:
        """Let the event become one, and say how rare the highest score is that it kept up."""
        kept_up = self._sustained.update(detection.score)
        if self._event is None:
            return
        self._frames += 1
        self._is_formed = self._is_formed or self._frames >= ALARM_FRAMES
        if self._is_formed and kept_up > self._rarest:
            self._rarest = kept_up
            rate, rarity = self._threshold.normal.rate_and_rarity(kept_up)
            self._event = replace(self._event, normal_per_hour=rate, rarity=rarity)

    def _tell(self, now: float) -> list[EventChange]:
        event = self._event
        if event is None or not self._is_formed:
            return []
        if self._last_s - self._start_s < self._settings.min_duration_s:
            return []
        kind = ChangeKind.UPDATE if self._is_told else ChangeKind.NEW
        is_due = now - self._told_s >= self._settings.update_s and self._last_s > self._told_s
        if self._is_told and not is_due:
            return []
        self._is_told, self._told_s = True, now
        picture, self._picture = self._picture, None
        return [EventChange(kind, event, picture)]
