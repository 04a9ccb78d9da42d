"""Pictures of events, for people to look at."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edge_vad.detection import Box
from edge_vad.files.bounded import read_bounded
from edge_vad.opencv import cv2
from edge_vad.outputs.overlay import draw_box
from edge_vad.sources.decoding.picture_size import LARGEST_FILE
from edge_vad.sources.decoding.pictures import decode_picture

_JPEG_QUALITY = 82


def marked_picture(path: Path, box: Box, width: int) -> bytes | None:
    """The picture of an event, no wider than this, with its box.

    Args:
        path: The store's file.
        box: In px of the picture.
        width: In px.

    Returns:
        A JPEG file; None where the picture is broken.

    Raises:
        OSError: It is gone, or cannot be read.
    """
    image = decode_picture(read_bounded(path, LARGEST_FILE))
    if image is None:
        return None
    picture = image.astype(np.uint8, copy=False)
    rows, columns = picture.shape[:2]
    zoom = min(1.0, width / columns)
    if zoom < 1:
        size = (width, max(1, round(rows * zoom)))
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(
            np.uint8, copy=False
        )
    draw_box(picture, box, zoom)
    return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])[1].tobytes()
