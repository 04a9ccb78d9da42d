"""Stored events, as the page shows them."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np

from edge_vad.opencv import cv2
from edge_vad.page.refusals import NotThere
from edge_vad.sinks.base import LiveEvent

_JPEG_QUALITY = 82


class ShownEvent(msgspec.Struct, frozen=True):
    """An event; the fields are those of `LiveEvent`.

    Attributes:
        picture: Whether there is a picture of it.
        clip: Whether there is a clip of it.
    """

    id: str
    camera: str
    state: str
    start: float
    end: float
    peak: float
    score: float
    threshold: float
    box: tuple[int, int, int, int]
    rarity: str
    picture: bool
    clip: bool


class EventsAnswer(msgspec.Struct, frozen=True):
    """Events, newest first."""

    events: list[ShownEvent]


def shown_event(event: LiveEvent) -> ShownEvent:
    """An event, as the page shows it."""
    return ShownEvent(
        id=event.id,
        camera=event.camera,
        state=event.state.value,
        start=event.start,
        end=event.end,
        peak=event.peak,
        score=round(event.score, 3),
        threshold=round(event.threshold, 3),
        box=event.box,
        rarity=event.rarity,
        picture=event.snapshot is not None,
        clip=event.clip is not None,
    )


def small_picture(path: Path, width: int) -> bytes:
    """A JPEG file, no wider than this.

    Raises:
        NotThere: It is gone, or broken.
    """
    content = path.read_bytes()
    image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR) if content else None
    if image is None:
        raise NotThere("the picture is broken", "see whether the disk is well")
    rows, columns = image.shape[:2]
    if columns <= width:
        return content
    size = (width, max(1, round(rows * width / columns)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])[1].tobytes()
