"""Lines over a picture that say where its pixels are, for whoever names a region of it."""

from __future__ import annotations

import numpy as np

from edge_vad.opencv import cv2
from edge_vad.outputs.drawing import Colour, Image, write_text

_STEPS = (20, 50, 100, 200, 500, 1000, 2000)
_MOST_LINES = 12
_COLOUR: Colour = (255, 255, 255)
_SHADOW: Colour = (0, 0, 0)


def draw_ruler(image: Image) -> Image:
    """The picture with a line every so many px, and how many these are.

    Args:
        image: uint8, (height, width, 3); it stays as it is.
    """
    rows, columns = image.shape[:2]
    step = step_of(max(rows, columns))
    lines = image.copy()
    for x in range(step, columns, step):
        cv2.line(lines, (x, 0), (x, rows - 1), _COLOUR, 1)
    for y in range(step, rows, step):
        cv2.line(lines, (0, y), (columns - 1, y), _COLOUR, 1)
    drawn = np.asarray(cv2.addWeighted(image, 0.6, lines, 0.4, 0), np.uint8)
    size = max(7.0, step / 8)
    for x in range(step, columns, step):
        _write(drawn, str(x), (x + size / 2, size), size)
    for y in range(step, rows, step):
        _write(drawn, str(y), (size / 2, y + size), size)
    return drawn


def step_of(length: int) -> int:
    """Px between two lines of a picture that is so many px long.

    Example:
        >>> step_of(1920), step_of(360)
        (200, 50)
    """
    return next((each for each in _STEPS if length / each <= _MOST_LINES), _STEPS[-1])


def _write(image: Image, text: str, at: tuple[float, float], size: float) -> None:
    write_text(image, text, (at[0] + 1, at[1] + 1), size, _SHADOW)
    write_text(image, text, at, size, _COLOUR)
