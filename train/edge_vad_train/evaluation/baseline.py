"""The baselines: motion in a box, nothing learned. What a model must beat to be worth its cost.

Most anomalies in the public data sets are fast, so that speed alone detects nearly all of them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_vad.motion.dynamic_flow import Pooling
from edge_vad.motion.extractor import MotionExtractor, MotionSettings
from edge_vad.opencv import cv2
from edge_vad.scene_model import Grid

BOX_FLOW = "box flow, nothing learned"
FLOW_ENERGY = "flow energy, nothing learned"
NAMES = (BOX_FLOW, FLOW_ENERGY)
MOTION = MotionSettings(
    patch_stride=3,
    iterations=25,
    refinements=5,
    window=5,
    pooling=Pooling.MEAN,
)
"""DIS as OpenCV's preset medium has it; five fields serve these baselines best on UCSD Ped2."""
BOX_CELLS = 11
"""Side of the box: 22 px of the frame at the half resolution of the pooled flow."""
PATCH_CELLS = 14
"""Side of the patch that energy is averaged over: 28 px, the receptive field of a scene's cell."""


def box_flow(pooled_motion: NDArray[np.float32]) -> NDArray[np.float32]:
    """Magnitude of the mean flow in a box around every place; the border is mirrored.

    Args:
        pooled_motion: float32, (2, height', width'), mean flow in px a frame.

    Returns:
        float32, (height', width'), px a frame.
    """
    right, down = (cv2.blur(plane, (BOX_CELLS, BOX_CELLS)) for plane in pooled_motion)
    speed: NDArray[np.float32] = np.hypot(right, down)
    return speed


def flow_energy(pooled_motion: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean square of the flow in a patch around every place; the border is mirrored.

    Args:
        pooled_motion: float32, (2, height', width'), mean flow in px a frame.

    Returns:
        float32, (height', width'), square px a frame.
    """
    square: NDArray[np.float32] = np.square(pooled_motion).sum(axis=0)
    return np.asarray(cv2.blur(square, (PATCH_CELLS, PATCH_CELLS)))


class Baselines:
    """Makes the baselines' maps.

    Args:
        height: Rows of the frames.
        width: Columns of the frames.
        motion: What measures flow, and pools it.

    Attributes:
        grid: Where the cells of the maps lie in the frame.
    """

    def __init__(self, height: int, width: int, motion: MotionSettings = MOTION) -> None:
        self._extractor = MotionExtractor(height, width, motion)
        _, rows, columns = self._extractor.shape
        self.grid = Grid(rows, columns, patch=motion.downscale, stride=motion.downscale)

    def start_clip(self) -> None:
        """Begin a new clip."""
        self._extractor.reset()

    def maps(self, image: NDArray[np.uint8]) -> tuple[NDArray[np.float32], ...]:
        """Take the next frame and make its maps.

        Args:
            image: uint8, (height, width, 3), blue-green-red.

        Returns:
            float32, (rows, columns) of `grid`, one for each of `NAMES`.
        """
        motion = self._extractor.push(image)
        return box_flow(motion), flow_energy(motion)
