"""Resizes a camera's frame to the model's, in training as at run time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_vad.errors import BadInput
from edge_vad.opencv import cv2
from edge_vad.preprocessing.regions import Regions, covered

_ASPECT_TOLERANCE = 0.05


class FrameResizer:
    """Brings frames to the model's size, and paints over what the scene leaves out.

    There is no other way into a model: what is painted over is neither learnt, nor seen by optical
    flow, the graph or the comparison with the empty picture. It is black, which stays black when
    pictures are brought to the brightness of the scene; grey would turn into foreground.

    Args:
        height: Rows of the model's frame.
        width: Columns of the model's frame.
        ignored: Regions that the scene leaves out.
    """

    def __init__(self, height: int, width: int, ignored: Regions) -> None:
        self._own = np.zeros((height, width, 3), np.uint8)
        self._black = np.zeros_like(self._own)
        self._mask = covered(ignored, height, width) if ignored else None

    def resize(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Resize a frame, which itself is left as it is.

        Args:
            image: uint8, (any height, any width, 3), blue-green-red.

        Returns:
            `image` itself where nothing is to be done; otherwise an array that the next call writes
            to again.

        Raises:
            BadInput: The frame's shape is another; squeezed, everything in it would look strange.
        """
        fitted = self._resized(image)
        if self._mask is None:
            return fitted
        if fitted is image:
            np.copyto(self._own, image)
        cv2.copyTo(self._black, self._mask, self._own)
        return self._own

    def _resized(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        own = self._own
        if image.shape == own.shape:
            return image
        (rows, columns), (height, width) = image.shape[:2], own.shape[:2]
        if not is_alike(image.shape, own.shape):
            raise BadInput(
                f"the frames are {columns}x{rows}, and the scene is learnt at {width}x{height}",
                "use footage of the camera that the scene is trained on, or train on this one",
            )
        enlarges = height > rows
        how = cv2.INTER_LINEAR if enlarges else cv2.INTER_AREA
        cv2.resize(image, (width, height), dst=own, interpolation=how)
        return own


def is_alike(shape: tuple[int, ...], other: tuple[int, ...]) -> bool:
    """Whether one picture can be brought to the size of another without being squeezed.

    Args:
        shape: Rows and columns first.
        other: The same.
    """
    return abs(shape[1] / shape[0] * other[0] / other[1] - 1) <= _ASPECT_TOLERANCE
