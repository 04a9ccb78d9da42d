"""The street in the last light of the day, with its lamp lit."""

from __future__ import annotations

import cv2
import numpy as np

from edge_vad_street.drawing.painter import Canvas
from edge_vad_street.layout import Layout
from edge_vad_street.scenery.furniture import lamp_head, lamp_spot

NOISE = 1.8
"""How many times the usual noise the sensor has in so little light."""

_SKY = (0.52, 0.42, 0.36)
_VEIL = (13.0, 8.0, 6.0)
_LAMP = (0.16, 0.38, 0.50)
_GLOW = (120.0, 190.0, 225.0)
_POOL_M = 4.2


class Dusk:
    """Darker, bluer and flatter than day, but for the pool of light below the lamp.

    Args:
        layout: The street.
    """

    def __init__(self, layout: Layout) -> None:
        x, y = layout.places()
        at = lamp_spot(layout)
        pool = np.exp(-(((x - at[0]) ** 2 + (y - at[1]) ** 2) / _POOL_M**2))
        self._light = (np.array(_SKY) + pool[..., None] * np.array(_LAMP)).astype(np.float32)
        down, across = np.indices(x.shape) - lamp_head(layout)[::-1, None, None]
        far_m = np.hypot(across, down) / layout.view.scale(*at)
        glow = np.exp(-((far_m / 0.22) ** 2)) + 0.22 * np.exp(-((far_m / 0.8) ** 2))
        self._glow = (np.array(_VEIL) + glow[..., None] * np.array(_GLOW)).astype(np.float32)

    def fall_on(self, picture: Canvas, index: int, time_s: float) -> None:  # noqa: ARG002
        """Take the day's light from the picture, (H, W, 3), in place."""
        cv2.multiply(picture, self._light, picture)
        cv2.add(picture, self._glow, picture)
