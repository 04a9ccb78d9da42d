"""The background picture of a scene, by which a camera that shows another is detected."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_vad.errors import BadModel
from edge_vad.opencv import cv2

WIDTH = 160
LARGEST = 100_000
"""Bytes of an encoded picture."""


def small_grey(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """A picture in the size in which pictures of the scene are compared.

    Args:
        image: uint8, (height, width, 3), blue-green-red.

    Returns:
        float32, (rows, `WIDTH`), grey levels.
    """
    rows, columns = image.shape[:2]
    size = (WIDTH, max(16, round(WIDTH * rows / columns)))
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    return cv2.resize(grey, size, interpolation=cv2.INTER_AREA).astype(np.float32)


def encode_background(image: NDArray[np.uint8]) -> bytes:
    """What a scene keeps of its empty picture: a PNG.

    Args:
        image: uint8, (height, width, 3), blue-green-red.
    """
    return bytes(cv2.imencode(".png", np.rint(small_grey(image)).astype(np.uint8))[1])


def decode_background(content: bytes) -> NDArray[np.float32]:
    """The same, as `small_grey` gives it.

    Raises:
        BadModel: It is no such picture.
    """
    picture = None
    if _is_small(content):
        picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_GRAYSCALE)
    if picture is None:
        raise BadModel("the scene's empty picture is broken", "write the scene again")
    return picture.astype(np.float32)


def _is_small(content: bytes) -> bool:
    """Whether it is a PNG of our width, by its head: others might unpack to anything."""
    head, columns, rows = content[:8], content[16:20], content[20:24]
    is_ours = head == b"\x89PNG\r\n\x1a\n" and int.from_bytes(columns, "big") == WIDTH
    return is_ours and len(content) <= LARGEST and 0 < int.from_bytes(rows, "big") <= 10 * WIDTH
