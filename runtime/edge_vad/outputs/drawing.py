"""Colours, text and smooth edges, shared by the overlay and the timeline."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from edge_vad.opencv import cv2

Colour = tuple[int, int, int]
"""Blue, green, red, 0 to 255."""

Image = NDArray[np.uint8]
"""uint8, (height, width, 3), blue-green-red."""

RED: Colour = (56, 56, 235)
_FONT = cv2.FONT_HERSHEY_DUPLEX
_CAPITAL_PX = 21.0
"""Height of the font's capital letters at scale 1, px."""


def write_text(
    image: Image,
    text: str,
    at: tuple[float, float],
    size: float,
    colour: Colour,
    align: Literal["left", "centre", "right"] = "left",
) -> None:
    """Write one line of text.

    Args:
        image: Written into.
        text: ASCII.
        at: Where the line begins, has its middle or ends, and its half height, px.
        size: Height of capital letters, px.
        colour: Colour of the text.
        align: What of the line stands at `at`.
    """
    share = {"left": 0.0, "centre": 0.5, "right": 1.0}[align]
    x = round(at[0] - share * text_width(text, size))
    y = round(at[1] + size / 2)
    cv2.putText(image, text, (x, y), _FONT, size / _CAPITAL_PX, colour, _stroke(size), cv2.LINE_AA)


def text_width(text: str, size: float) -> int:
    """Width of a line of text, px."""
    return cv2.getTextSize(text, _FONT, size / _CAPITAL_PX, _stroke(size))[0][0]


def _stroke(size: float) -> int:
    return max(1, round(size / 12))


def clock(time_s: float, decimals: int = 0) -> str:
    """A time as people read it.

    Example:
        >>> clock(3723.45, decimals=1), clock(62)
        ('1:02:03.4', '1:02')
    """
    ticks = int(time_s * 10**decimals + 1e-6)
    whole, part = divmod(ticks, 10**decimals)
    minutes, seconds = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    text = f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
    return f"{text}.{part:0{decimals}}" if decimals else text
