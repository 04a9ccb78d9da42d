"""Where in a frame its anomaly is: from a score and a map to a detection."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edge_vad.alarms.ignored import IgnoredCells
from edge_vad.detection import Box, Detection
from edge_vad.frame import Frame
from edge_vad.opencv import cv2
from edge_vad.preprocessing.regions import Polygon
from edge_vad.scene_model import Grid, SceneCard


class Localiser:
    """Makes detections from the graph's outputs: without ignored cells, with a box where anomalous.

    Args:
        card: Where the map's cells lie in the model's frame.
        ignore: Regions in which nothing counts: polygons, px of the camera's frames.
        only: The region outside of which nothing counts, either; None is the whole picture.
    """

    def __init__(
        self, card: SceneCard, ignore: Sequence[Polygon] = (), only: Polygon | None = None
    ) -> None:
        self._card, self._ignored = card, IgnoredCells(ignore, card, only)

    def to_detection(
        self, frame: Frame, score: float, anomaly_map: NDArray[np.float32], threshold: float
    ) -> Detection:
        """The detection of a frame.

        Args:
            frame: The frame.
            score: Its score, from the graph.
            anomaly_map: float32, (rows, columns).
            threshold: Score from which on the frame is anomalous.
        """
        size, box = frame.image.shape[:2], None
        score, anomaly_map = self._ignored.counted(score, anomaly_map, *size)
        if score >= threshold:
            box = locate(anomaly_map, threshold, self._card, *size)
        return Detection(frame, score, threshold, anomaly_map, box)


def locate(
    anomaly_map: NDArray[np.float32], threshold: float, card: SceneCard, height: int, width: int
) -> Box:
    """The box of the connected anomalous cells around the map's highest one.

    Args:
        anomaly_map: float32, (rows, columns).
        threshold: Score from which on a cell is anomalous.
        card: Where the map's cells lie in the model's frame.
        height: Rows of the camera's frame.
        width: Columns of the camera's frame.

    Returns:
        The box, px of the camera's frame.
    """
    box = _cells_box(anomaly_map, threshold, card.grid)
    return _scaled(box, width / card.width, height / card.height)


def locate_peak(anomaly_map: NDArray[np.float32], card: SceneCard, height: int, width: int) -> Box:
    """The same of the map's highest cell, whatever the threshold.

    Cells count that are at least halfway from the map's median to its highest.
    """
    halfway = (float(np.median(anomaly_map)) + float(anomaly_map.max())) / 2
    return locate(anomaly_map, halfway, card, height, width)


def _cells_box(anomaly_map: NDArray[np.float32], threshold: float, grid: Grid) -> Box:
    """The box, in px of the model's frame, of the connected cells around the map's highest one.

    A cell stands for the centre of its patch, so the box spans the centres and half a patch more.
    """
    peak = np.unravel_index(int(anomaly_map.argmax()), anomaly_map.shape)
    above = (anomaly_map >= min(threshold, float(anomaly_map[peak]))).astype(np.uint8)
    labels = cv2.connectedComponents(above)[1]
    rows, columns = np.nonzero(labels == labels[peak])
    margin = grid.patch // 4
    x, y = (int(cells.min()) * grid.stride + margin for cells in (columns, rows))
    width, height = (
        int(np.ptp(cells)) * grid.stride + grid.patch - 2 * margin for cells in (columns, rows)
    )
    return Box(x, y, width, height)


def _scaled(box: Box, horizontal: float, vertical: float) -> Box:
    return Box(
        round(box.x * horizontal),
        round(box.y * vertical),
        round(box.width * horizontal),
        round(box.height * vertical),
    )
