"""The events of a clip, with a picture of each."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_vad.alarms.identity import event_id_of
from edge_vad.alarms.tracker import EventTracker
from edge_vad.archive.clip_time import begun_at
from edge_vad.archive.layout import PICTURES
from edge_vad.archive.plan import ArchiveClip
from edge_vad.archive.result import ClipEvent
from edge_vad.detection import Detection, Event
from edge_vad.events import EventState, LiveEvent
from edge_vad.opencv import cv2
from edge_vad.outputs.jsonl import DIGITS, event_line
from edge_vad.scoring.detector import Detector

_JPEG_QUALITY = 85


class _Peak(NamedTuple):
    time_s: float
    image: NDArray[np.uint8]


class ClipEvents:
    """Makes events of the detections of a clip, as `edge-vad run` does of a recording's.

    Args:
        folder: Gets a folder with a picture of each event, at its peak.
        camera: Name of the camera.
        clip: The clip.
        detector: What scores it.

    Attributes:
        begun_at: When the clip was begun, s since 1970; None where its name does not tell.
    """

    def __init__(self, folder: Path, camera: str, clip: ArchiveClip, detector: Detector) -> None:
        self.begun_at = begun_at(clip.name)
        self._folder, self._camera, self._key = folder / PICTURES, camera, clip.key
        self._threshold = detector.threshold
        self._tracker = EventTracker(normal=detector.model.card.normal)
        self._events: list[ClipEvent] = []
        self._peak: _Peak | None = None

    def update(self, detection: Detection) -> None:
        """Take the next detection."""
        before = self._peak
        ended = self._tracker.update(detection)
        current = self._tracker.current
        if current is not None and current.peak_index == detection.frame.index:
            self._peak = _Peak(detection.frame.time_s, detection.frame.image.copy())
        if ended is not None:
            self._add(ended, before)

    def finish(self) -> tuple[ClipEvent, ...]:
        """End the ongoing event, as the clip has ended; returns all events."""
        ended = self._tracker.finish()
        if ended is not None:
            self._add(ended, self._peak)
        return tuple(self._events)

    def _add(self, ended: Event, peak: _Peak | None) -> None:
        assert peak is not None  # noqa: S101 - every event has one
        event, begin = event_line(ended), self.begun_at or 0.0
        start = begin + event.start_s
        live = LiveEvent(
            id=event_id_of(start, f"{self._key}/{event.number}"),
            camera=self._camera,
            start=start,
            end=begin + event.end_s,
            peak=begin + round(peak.time_s, DIGITS),
            score=event.peak_score,
            threshold=self._threshold,
            box=event.box,
            normal_per_hour=event.normal_per_hour,
            rarity=event.rarity,
            state=EventState.ENDED,
        )
        self._events.append(ClipEvent(event.number, event.start_index, event.end_index, live))
        self._write(event.number, peak.image)

    def _write(self, number: int, picture: NDArray[np.uint8]) -> None:
        self._folder.mkdir(exist_ok=True)
        options = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]
        coded = cv2.imencode(".jpg", picture, options)[1]
        (self._folder / f"{number}.jpg").write_bytes(coded.tobytes())
