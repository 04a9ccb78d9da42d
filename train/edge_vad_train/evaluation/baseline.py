"""The baseline: motion in a box, nothing learned. What a model must beat to be worth its cost.

Most anomalies in the public data sets are fast, so that speed alone detects nearly all of them.
"""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from edge_vad.motion import MotionExtractor, MotionSettings, Pooling
from edge_vad.opencv import cv2
from edge_vad.scene_model import Grid

NAME = "box flow, nothing learned"
MOTION = MotionSettings(window=5)
"""Five fields serve this baseline best on UCSD Ped2, whatever window a scene pools over."""
BOX_CELLS = 11
"""Side of the box: 22 px of the frame at the half resolution of the pooled flow."""


def baseline_map(pooled_motion: NDArray[np.float32]) -> NDArray[np.float32]:
    """Magnitude of the mean flow in a box around every place; the border is mirrored.

    Args:
        pooled_motion: float32, (height', width', 2), mean flow in px a frame.

    Returns:
        float32, (height', width'), px a frame.
    """
    mean = cv2.blur(pooled_motion, (BOX_CELLS, BOX_CELLS))
    return np.hypot(mean[..., 0], mean[..., 1])


def baseline_score(pooled_motion: NDArray[np.float32]) -> float:
    """The largest magnitude in the frame, px a frame; see `baseline_map`."""
    return float(baseline_map(pooled_motion).max())


class Baseline:
    """Makes the baseline's maps, of the scene's own motion where that is the same.

    Args:
        height: Rows of the frames.
        width: Columns of the frames.
        scene_motion: The scene's motion settings.

    Attributes:
        grid: Where the cells of the map lie in the frame.
        shares_motion: Whether the scene's motion serves, so that flow is computed once.
    """

    def __init__(self, height: int, width: int, scene_motion: MotionSettings) -> None:
        self.shares_motion = msgspec.structs.replace(scene_motion, pooling=Pooling.MEAN) == MOTION
        self._extractor = MotionExtractor(height, width, MOTION)
        rows, columns, _ = self._extractor.shape
        self.grid = Grid(rows, columns, patch=MOTION.downscale, stride=MOTION.downscale)

    def start_clip(self) -> None:
        """Begin a new clip."""
        self._extractor.reset()

    def map(
        self, image: NDArray[np.uint8], scene_motion: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Take the next frame and make its map.

        Args:
            image: uint8, (height, width, 3), blue-green-red.
            scene_motion: float32, what the scene's own motion extractor made of it.

        Returns:
            float32, (rows, columns) of `grid`, px a frame.
        """
        if self.shares_motion:
            # Mean pooling comes first; rank pooling may stand beside it.
            return baseline_map(np.ascontiguousarray(scene_motion[..., :2]))
        return baseline_map(self._extractor.push(image))
