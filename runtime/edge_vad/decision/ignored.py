"""Regions of the picture in which nothing counts, as cells of the anomaly map."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edge_vad.decision.settings import Polygon
from edge_vad.opencv import cv2
from edge_vad.scene_model import SceneCard


class IgnoredCells:
    """Finds the cells to ignore, once for every size of frame.

    Args:
        polygons: The regions, px of the camera's frames.
        card: Where the map's cells lie in the model's frame.
    """

    def __init__(self, polygons: Sequence[Polygon], card: SceneCard) -> None:
        self._polygons = [np.array(polygon, np.float32) for polygon in polygons]
        self._card = card
        self._size = (0, 0)
        self._mask: NDArray[np.bool_] | None = None

    def of(self, height: int, width: int) -> NDArray[np.bool_] | None:
        """The ignored cells for frames of this size: bool, (rows, columns), or None for none."""
        if self._polygons and (height, width) != self._size:
            mask = self._found(height, width)
            self._size, self._mask = (height, width), mask if mask.any() else None
        return self._mask

    def _found(self, height: int, width: int) -> NDArray[np.bool_]:
        card, grid = self._card, self._card.grid
        mask = np.zeros((grid.rows, grid.columns), np.bool_)
        for row, column in np.ndindex(mask.shape):
            x = (column * grid.stride + grid.patch / 2) * width / card.width
            y = (row * grid.stride + grid.patch / 2) * height / card.height
            mask[row, column] = any(
                cv2.pointPolygonTest(polygon, (x, y), False) >= 0 for polygon in self._polygons
            )
        return mask
