"""The newest picture of a camera, encoded only while a browser requests it."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_vad.detection import Box, Detection
from edge_vad.opencv import cv2
from edge_vad.outputs.drawing import Image
from edge_vad.outputs.heatmap import heatmap_levels

WIDTHS = (320, 480, 640, 960)
"""Widths in which pictures can be had, px; a narrower camera's are shown as they are."""
_JPEG_QUALITY = 80
_VIEWED_S = 3.0
"""Who has not asked for so long looks no longer."""


@dataclass(frozen=True)
class Snapshot:
    """A frame as it is shown.

    Attributes:
        number: Counted from 1.
        taken_s: When it was captured, on the source's clock.
        score: Its score.
        box: Where its anomaly is, px of the camera's frames.
        width: Columns of the camera's frames.
        height: Rows of the camera's frames.
        levels: How strong every cell of the map glows, uint8, (rows, columns).
        jpeg: The frame.
    """

    number: int
    taken_s: float
    score: float
    box: Box | None
    width: int
    height: int
    levels: NDArray[np.uint8]
    jpeg: bytes


@dataclass
class _Copy:
    image: Image
    anomaly_map: NDArray[np.float32]
    taken_s: float
    score: float
    threshold: float
    box: Box | None


class SnapshotEncoder:
    """Holds a camera's newest frame, at most so many a second, and only while somebody looks.

    The live loop hands frames over and never waits: an older frame that nobody has fetched yet is
    written over. Three buffers are used again and again.

    Args:
        fps: Frames a second, at most.
    """

    def __init__(self, fps: float) -> None:
        # A little less, or a camera of just this rate would lose frames to its jitter.
        self._interval_s = 0.9 / fps
        self._viewed_until_s = self._next_s = 0.0
        self._swapping, self._encoding = threading.Lock(), threading.Lock()
        self._free: list[_Copy] = []
        self._waiting: _Copy | None = None
        self._shown: _Copy | None = None
        self._number = 0
        self._encoded: dict[int, Snapshot] = {}

    def offer(self, detection: Detection) -> None:
        """Copy a frame, if somebody looks and one is due; called by one thread."""
        now = time.monotonic()
        if now >= self._viewed_until_s or now < self._next_s:
            return
        self._next_s = now + self._interval_s
        with self._swapping:
            buffer, self._waiting = self._waiting, None
            if buffer is None and self._free:
                buffer = self._free.pop()
        copy = _copied(detection, buffer)
        with self._swapping:
            self._waiting = copy

    def get(self, after: int, width: int) -> Snapshot | None:
        """The newest picture, if it is newer than this number.

        Args:
            after: Number of the picture that one has; -1 for none.
            width: One of `WIDTHS`.
        """
        self._viewed_until_s = time.monotonic() + _VIEWED_S
        with self._encoding:
            self._advance()
            if self._shown is None or self._number == after:
                return None
            if width not in self._encoded:
                self._encoded[width] = self._encode(self._shown, width)
            return self._encoded[width]

    def _advance(self) -> None:
        with self._swapping:
            if self._waiting is None:
                return
            if self._shown is not None:
                self._free.append(self._shown)
            self._shown, self._waiting = self._waiting, None
        self._number += 1
        self._encoded.clear()

    def _encode(self, shown: _Copy, width: int) -> Snapshot:
        image = shown.image
        rows, columns = image.shape[:2]
        if columns > width:
            size = (width, max(1, round(rows * width / columns)))
            image = cv2.resize(image, size, interpolation=cv2.INTER_AREA).astype(
                np.uint8, copy=False
            )
        jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])[1].tobytes()
        levels = heatmap_levels(shown.anomaly_map, shown.threshold)
        return Snapshot(
            self._number, shown.taken_s, shown.score, shown.box, columns, rows, levels, jpeg
        )


def _copied(detection: Detection, buffer: _Copy | None) -> _Copy:
    image, anomaly_map = detection.frame.image, detection.anomaly_map
    if (
        buffer is None
        or buffer.image.shape != image.shape
        or buffer.anomaly_map.shape != anomaly_map.shape
    ):
        buffer = _Copy(image.copy(), anomaly_map.copy(), 0.0, 0.0, 0.0, None)
    else:
        np.copyto(buffer.image, image)
        np.copyto(buffer.anomaly_map, anomaly_map)
    buffer.taken_s = detection.frame.time_s
    buffer.score, buffer.threshold = detection.score, detection.threshold
    buffer.box = detection.box
    return buffer
