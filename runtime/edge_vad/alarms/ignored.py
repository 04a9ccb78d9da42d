"""Regions of the picture in which nothing counts, as cells of the anomaly map."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edge_vad.opencv import cv2
from edge_vad.preprocessing.regions import Polygon, write_region
from edge_vad.scene_model import SceneCard
from edge_vad.untrusted import shorten

_log = logging.getLogger(__name__)


class IgnoredCells:
    """Finds the cells to ignore, once for every size of frame, and what counts without them.

    These are regions that were said after training. What the scene itself leaves out is painted
    over: see `edge_vad.preprocessing.resize`.

    Args:
        polygons: The regions, px of the camera's frames.
        card: Where the map's cells lie in the model's frame, and how its scores are formed.
        only: The region outside of which nothing counts, either; None is the whole picture.
    """

    def __init__(
        self, polygons: Sequence[Polygon], card: SceneCard, only: Polygon | None = None
    ) -> None:
        self._polygons, self._only = tuple(polygons), only
        self._card = card
        self._size = (0, 0)
        self._mask: NDArray[np.bool_] | None = None

    def of(self, height: int, width: int) -> NDArray[np.bool_] | None:
        """The ignored cells for frames of this size: bool, (rows, columns), or None for none."""
        if (self._polygons or self._only) and (height, width) != self._size:
            mask = self._found(height, width)
            self._size, self._mask = (height, width), mask if mask.any() else None
        return self._mask

    def counted(
        self, score: float, anomaly_map: NDArray[np.float32], height: int, width: int
    ) -> tuple[float, NDArray[np.float32]]:
        """What a frame scores without the ignored cells.

        Where none of them is among the highest, the score stays as it is. Otherwise it is formed of
        the map's other cells as a score is, and is no higher than it was. The graph forms scores
        before the map is localised, so this may be somewhat lower.

        Args:
            score: Of the frame.
            anomaly_map: float32, (rows, columns).
            height: Rows of the camera's frame.
            width: Columns of the camera's frame.

        Returns:
            The score, and the map with nothing in the ignored cells.
        """
        ignored = self.of(height, width)
        if ignored is None:
            return score, anomaly_map
        highest = self._highest(anomaly_map[~ignored])
        if not highest.size:
            score = min(0.0, score)
        elif anomaly_map[ignored].max() > highest.min():
            score = min(score, float(highest.mean()))
        return score, np.where(ignored, np.float32(min(0.0, score)), anomaly_map)

    def without(self, values: NDArray[np.float32], height: int, width: int) -> NDArray[np.float32]:
        """Any values of the cells, with no more than the lowest in those that are ignored."""
        ignored = self.of(height, width)
        return values if ignored is None else np.where(ignored, values.min(), values)

    def _highest(self, cells: NDArray[np.float32]) -> NDArray[np.float32]:
        """Those of which a score is the mean."""
        count = min(self._card.score_cells, cells.size)
        return np.partition(cells, cells.size - count)[cells.size - count :] if count else cells

    def _found(self, height: int, width: int) -> NDArray[np.bool_]:
        grid = self._card.grid
        mask = np.zeros((grid.rows, grid.columns), np.bool_)
        for polygon in self._polygons:
            mask |= self._within(polygon, height, width)
        if self._only:
            mask |= ~self._within(self._only, height, width)
        return mask

    def _within(self, polygon: Polygon, height: int, width: int) -> NDArray[np.bool_]:
        """The cells whose centres lie in a polygon; a warning where none does."""
        card, grid, corners = self._card, self._card.grid, np.array(polygon, np.float32)
        mask = np.zeros((grid.rows, grid.columns), np.bool_)
        for row, column in np.ndindex(mask.shape):
            x = (column * grid.stride + grid.patch / 2) * width / card.width
            y = (row * grid.stride + grid.patch / 2) * height / card.height
            mask[row, column] = cv2.pointPolygonTest(corners, (x, y), False) >= 0
        if not mask.any():
            text = shorten(write_region(polygon))
            _log.warning("no cell's centre lies in the region %s: it has no effect", text)
        return mask
