"""The sink that films events."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge_vad.detection import Detection
from edge_vad.events import ChangeKind, EventChange, WatchedCamera
from edge_vad.opencv import cv2
from edge_vad.outputs.drawing import Image
from edge_vad.sinks.base import Sink, SinkHealth, Site, Tally
from edge_vad.sinks.clips.clip_writer import ClipWriter
from edge_vad.sinks.clips.preroll_buffer import JpegFrame, PrerollBuffer
from edge_vad.sinks.settings import ClipSettings
from edge_vad.sinks.threads.frame_handoff import FrameHandoff

_JPEG_QUALITY = 85
_PATIENCE_S = 2.0


@dataclass(slots=True)
class _Recording:
    """An event that is being filmed.

    Attributes:
        event_id: The event.
        last_s: The camera's time up to which it is filmed.
        deadline: Monotonic time at which it is over even if no frame comes any more.
    """

    event_id: str
    last_s: float
    deadline: float


class Clips(Sink):
    """Keeps the last seconds of every camera in memory, and films its events into the store.

    A clip is `media/DAY/EVENT.mp4` (H.264) where this OpenCV can write that, else `.webm` (VP8).

    Args:
        settings: How much each clip shows.
        folder: The store's folder.
        site: Whose cameras they are.
    """

    name = "clips"

    def __init__(self, settings: ClipSettings, folder: Path, site: Site) -> None:
        self._settings = settings
        self._fps: dict[str, float] = {}
        self._prerolls: dict[str, PrerollBuffer] = {}
        self.watch(site.cameras)
        self._recordings: dict[tuple[str, str], _Recording] = {}
        """Of every camera and zone."""
        self._asked = 0
        self._writer = ClipWriter(folder)
        self._handoff = FrameHandoff[EventChange](
            "clips", self._keep, self._record, settings.fps, self._look_at_clock, self._end_all
        )

    def watch(self, cameras: Sequence[WatchedCamera]) -> None:
        """Share the memory between these."""
        settings, known = self._settings, self._prerolls
        share = settings.memory_mb * 1_000_000 // max(1, len(cameras))
        self._fps = {camera.name: min(settings.fps, camera.fps) for camera in cameras}
        buffers = (known.get(name) or PrerollBuffer(settings.before_s, share) for name in self._fps)
        self._prerolls = dict(zip(self._fps, buffers, strict=True))
        for buffer in self._prerolls.values():
            buffer.max_bytes = share

    def frame(self, camera: str, detection: Detection) -> None:
        """Keep the frame for some seconds."""
        self._handoff.put(camera, detection)

    def event(self, camera: str, change: EventChange) -> None:
        """Begin or end a clip."""
        self._asked += change.kind is ChangeKind.NEW
        if change.kind is not ChangeKind.UPDATE:
            self._handoff.note(change)

    def health(self) -> SinkHealth:
        """Say whether clips can be written, and how many pictures wait and were left out."""
        why, dropped = self._writer.why, self._writer.dropped + self._handoff.dropped
        return SinkHealth(not why, why, self._handoff.depth + self._writer.depth, dropped)

    def tallies(self) -> Sequence[Tally]:
        """How many clips are whole, wait to be finished, and were left out."""
        writer = self._writer
        waiting = self._asked - writer.done - writer.lost - writer.empty
        return (Tally("clips", writer.done, waiting, writer.lost),)

    def close(self, timeout_s: float) -> None:
        """End all clips where they are."""
        until = time.monotonic() + timeout_s
        self._handoff.close(timeout_s / 2)
        self._writer.close(until - time.monotonic())

    def _keep(self, camera: str, detection: Detection) -> None:
        time_s, preroll = detection.frame.time_s, self._prerolls.get(camera)
        if preroll is None:  # it is watched no more
            return
        picture = JpegFrame(time_s, _encoded(detection.frame.image, self._settings.width))
        preroll.add(picture)
        for place in [each for each in self._recordings if each[0] == camera]:
            recording = self._recordings[place]
            if time_s > recording.last_s:
                self._end(place)
            else:
                self._writer.add(recording.event_id, picture)

    def _record(self, change: EventChange) -> None:
        event, settings = change.event, self._settings
        place = (event.camera, event.zone)
        preroll, recording = self._prerolls.get(event.camera), self._recordings.get(place)
        pictures = preroll.pictures() if preroll else []
        now_s = pictures[-1].time_s if pictures else 0.0
        if change.kind is ChangeKind.NEW:
            self._end(place)
            rest_s = settings.longest_s
            self._writer.begin(event.id, self._fps.get(event.camera, settings.fps), pictures)
        elif recording and recording.event_id == event.id:
            rest_s = min(settings.after_s, recording.last_s - now_s)
        else:
            return
        deadline = time.monotonic() + rest_s + _PATIENCE_S
        self._recordings[place] = _Recording(event.id, now_s + rest_s, deadline)

    def _look_at_clock(self) -> None:
        for place in [each for each, made in self._recordings.items() if _is_over(made)]:
            self._end(place)

    def _end(self, place: tuple[str, str]) -> None:
        if recording := self._recordings.pop(place, None):
            self._writer.finish(recording.event_id)

    def _end_all(self) -> None:
        for place in list(self._recordings):
            self._end(place)


def _is_over(recording: _Recording) -> bool:
    return time.monotonic() > recording.deadline


def _encoded(image: Image, width: int) -> bytes:
    rows, columns = image.shape[:2]
    if columns > width:
        rows, columns = round(rows * width / columns), width
    # Codecs want even sizes.
    size = (columns - columns % 2, rows - rows % 2)
    if size != image.shape[1::-1]:
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])[1].tobytes()
