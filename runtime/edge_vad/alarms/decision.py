"""From the scores of a live camera to events that are announced while they happen."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_vad.alarms.drift import DriftState, DriftStep
from edge_vad.alarms.localisation import Localiser
from edge_vad.alarms.settings import DecisionSettings
from edge_vad.alarms.threshold import Level, Threshold
from edge_vad.alarms.zone_alarms import ZoneAlarms
from edge_vad.detection import Detection
from edge_vad.events import EventChange, LiveEvent
from edge_vad.frame import Frame
from edge_vad.scene_model import SceneCard


class FrameDecision(NamedTuple):
    """What was decided on a frame.

    Attributes:
        detection: What alarms, or else what the rest of the picture scores, by the threshold that
            holds there; its map is of the whole picture without ignored regions.
        changes: What happened to events with it, oldest first.
        drifted: The step that the threshold has taken after it, if it took one.
    """

    detection: Detection
    changes: list[EventChange]
    drifted: DriftStep | None = None


class Decision:
    """Decides, frame by frame, what is an alarm of one camera.

    Every zone decides by its cells of the map alone, and so does the rest of the picture: a cell
    counts in one of them, the first zone that it lies in. All thresholds come from the same tail,
    that of the whole picture; drift is followed by the score of the whole picture.

    `accept` may be called from any thread; all else belongs to one.

    Args:
        camera: Name of the camera.
        card: The card of its scene model.
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
        self._whole = Localiser(card, settings.ignore)
        self._parts = [
            (rate, ZoneAlarms(camera, name, localiser, settings, wall_clock))
            for name, rate, localiser in _parts(card, settings)
        ]
        """With the accepted false alarms of each, None for the camera's; the rest comes first."""

    @property
    def level(self) -> Level:
        """What scores of the rest of the picture are held against just now."""
        return self._threshold.level

    @property
    def drift(self) -> DriftStep | None:
        """Where drift has brought the threshold; None where it does not move by itself."""
        return self._threshold.drift

    @property
    def ongoing(self) -> LiveEvent | None:
        """An event that was announced and has not ended."""
        return next((each for _, part in self._parts if (each := part.ongoing)), None)

    def accept(self, false_alarms: str) -> Level:
        """Change the threshold, from the next frame on; zones with their own rate keep theirs.

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

    def update(self, frame: Frame, score: float, anomaly_map: NDArray[np.float32]) -> FrameDecision:
        """Take the next scored frame.

        Args:
            frame: The frame.
            score: Its score, from the graph.
            anomaly_map: float32, (rows, columns).
        """
        found, changes = list[Detection](), list[EventChange]()
        for rate, part in self._parts:
            level = self._threshold.level_of(rate)
            found.append(part.localiser.to_detection(frame, score, anomaly_map, level.begin))
            changes += part.update(found[-1], level, self._threshold.normal)
        whole = found[0]
        if len(found) > 1:
            whole = self._whole.to_detection(frame, score, anomaly_map, self.level.begin)
        shown = replace(_loudest(found), anomaly_map=whole.anomaly_map)
        return FrameDecision(shown, changes, self._threshold.follow(whole.score, frame.time_s))

    def finish(self) -> list[EventChange]:
        """End the events that go on, as the camera is lost or the run ends."""
        return [change for _, part in self._parts for change in part.finish()]

    def reset(self) -> list[EventChange]:
        """The same, and forget the cool-down: the source's clock begins anew."""
        return [change for _, part in self._parts for change in part.reset()]


def _parts(
    card: SceneCard, settings: DecisionSettings
) -> Iterator[tuple[str, str | None, Localiser]]:
    """The rest of the picture and every zone: its name, its own rate, what counts there."""
    taken = (*settings.ignore, *(zone.polygon for zone in settings.zones))
    yield "", None, Localiser(card, taken)
    for place, zone in enumerate(settings.zones, len(settings.ignore)):
        yield zone.name, zone.false_alarms, Localiser(card, taken[:place], zone.polygon)


def _loudest(found: Sequence[Detection]) -> Detection:
    """What is furthest above its threshold; the rest of the picture where nothing alarms."""
    alarming = (each for each in found if each.anomalous)
    return max(alarming, key=lambda each: each.score - each.threshold, default=found[0])
