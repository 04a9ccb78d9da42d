"""The heat map: red where the anomaly is, nothing where the scene is normal."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_vad.opencv import cv2
from edge_vad.outputs.drawing import Image
from edge_vad.scene_model import SceneCard

_FIRST, _LAST = 0.45, 1.6
"""Where the colour begins and where it is full, in thresholds."""

_ALPHA = 0.62
"""How much of the picture the full colour hides."""

_EDGE, _CORE = np.array([40.0, 110.0, 255.0]), np.array([28.0, 16.0, 225.0])
"""Colour of the faintest and of the full colour: orange and red."""


class Heatmap:
    """Lays anomaly maps over pictures.

    Args:
        card: Where the map's cells lie in the model's frame.
        width: Columns of the pictures.
        height: Rows of the pictures.
    """

    def __init__(self, card: SceneCard, width: int, height: int) -> None:
        self._to_cells = _picture_to_cells(card, width, height)
        self._size = (width, height)
        self._level = np.zeros((height, width), np.uint8)
        self._light = np.zeros((height, width, 3), np.uint8)
        self._shade = np.zeros((height, width, 3), np.uint8)
        self._lights, self._shades = _tables()

    def blend(self, anomaly_map: NDArray[np.float32], threshold: float, picture: Image) -> None:
        """Lay a map over a picture, in place.

        Args:
            anomaly_map: float32, (rows, columns).
            threshold: Anomaly at which the colour is plain to see.
            picture: Of the size that was announced.
        """
        cells = heatmap_levels(anomaly_map, threshold)
        if not cells.any():
            return
        cv2.warpAffine(
            cells,
            self._to_cells,
            self._size,
            dst=self._level,
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        cv2.applyColorMap(self._level, self._shades, dst=self._shade)
        cv2.applyColorMap(self._level, self._lights, dst=self._light)
        cv2.multiply(picture, self._shade, dst=picture, scale=1 / 255)
        cv2.add(picture, self._light, dst=picture)


def heatmap_levels(anomaly_map: NDArray[np.float32], threshold: float) -> NDArray[np.uint8]:
    """How strong every cell glows, 0 to 255.

    Args:
        anomaly_map: float32, (rows, columns).
        threshold: Anomaly at which the colour is plain to see.
    """
    scale = 255 / (_LAST - _FIRST)
    levels = anomaly_map * (scale / max(threshold, 1e-6)) - _FIRST * scale
    return np.clip(levels, 0, 255).astype(np.uint8)


def heatmap_colours() -> NDArray[np.uint8]:
    """Red, green, blue and opacity of every level, uint8, (256, 4), for others that draw it."""
    alpha, colour = _opacity_and_colour()
    return np.rint(np.hstack([colour[:, ::-1], 255 * alpha])).astype(np.uint8)


def _picture_to_cells(card: SceneCard, width: int, height: int) -> NDArray[np.float64]:
    """Affine map from the picture's pixels to the map's cells, centres onto centres."""
    grid = card.grid

    def axis(model_px: int, picture_px: int) -> tuple[float, float]:
        ratio = model_px / picture_px
        return ratio / grid.stride, (ratio / 2 - grid.patch / 2) / grid.stride

    (per_column, first_column), (per_row, first_row) = (
        axis(card.width, width),
        axis(card.height, height),
    )
    return np.array([[per_column, 0, first_column], [0, per_row, first_row]])


def _tables() -> tuple[Image, Image]:
    """For every level the light to add, and how much of the picture stays, of 255."""
    alpha, colour = _opacity_and_colour()
    lights = np.rint(alpha * colour).astype(np.uint8)
    shades = np.rint(255 * (1 - alpha) * np.ones(3)).astype(np.uint8)
    return lights[:, np.newaxis], shades[:, np.newaxis]


def _opacity_and_colour() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    level = np.linspace(0, 1, 256)[:, np.newaxis]
    alpha = _ALPHA * (1 - (1 - level) ** 2) * np.minimum(1, 6 * level)
    return alpha, _EDGE + (_CORE - _EDGE) * np.minimum(1, 1.5 * level)
