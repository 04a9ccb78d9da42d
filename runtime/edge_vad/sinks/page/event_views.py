"""Stored events, as the page shows them."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np

from edge_vad.events import LiveEvent
from edge_vad.files.bounded import read_bounded
from edge_vad.opencv import cv2
from edge_vad.outputs.overlay import draw_box
from edge_vad.sinks.http.http_errors import NotFound
from edge_vad.sources.decoding.picture_size import LARGEST_FILE
from edge_vad.sources.decoding.pictures import decode_picture

_JPEG_QUALITY = 82


class EventView(msgspec.Struct, frozen=True):
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


class EventsResponse(msgspec.Struct, frozen=True):
    """Events, newest first."""

    events: list[EventView]


def event_view(event: LiveEvent) -> EventView:
    """An event, as the page shows it."""
    return EventView(
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


def marked_picture(path: Path, event: LiveEvent, width: int) -> bytes:
    """The picture of an event, no wider than this, with its box; as JPEG.

    Raises:
        FileNotFoundError: It is gone.
        NotFound: It is broken.
    """
    image = decode_picture(read_bounded(path, LARGEST_FILE))
    if image is None:
        raise NotFound("the picture is broken", "see whether the disk is well")
    picture = image.astype(np.uint8, copy=False)
    rows, columns = picture.shape[:2]
    zoom = min(1.0, width / columns)
    if zoom < 1:
        size = (width, max(1, round(rows * zoom)))
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(
            np.uint8, copy=False
        )
    draw_box(picture, event.box, zoom)
    return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])[1].tobytes()
