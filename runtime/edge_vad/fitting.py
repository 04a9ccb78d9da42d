"""Brings a camera's frame to the size of the model, in training as at run time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_vad.errors import BadInput
from edge_vad.opencv import cv2

_ASPECT_TOLERANCE = 0.05


def fit_image(image: NDArray[np.uint8], resized: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Resize a frame, unless it has the size already.

    Args:
        image: uint8, (any height, any width, 3).
        resized: uint8, (height, width, 3), of the model's frame; written to when needed.

    Returns:
        `image` itself where it has the size, `resized` otherwise.

    Raises:
        BadInput: The frame's shape is another; squeezed, everything in it would look strange.
    """
    if image.shape == resized.shape:
        return image
    (rows, columns), (height, width) = image.shape[:2], resized.shape[:2]
    if not is_alike(image.shape, resized.shape):
        raise BadInput(
            f"the frames are {columns}x{rows}, and the scene is learnt at {width}x{height}",
            "use footage of the camera that the scene is trained on, or train on this one",
        )
    enlarges = height > rows
    how = cv2.INTER_LINEAR if enlarges else cv2.INTER_AREA
    cv2.resize(image, (width, height), dst=resized, interpolation=how)
    return resized


def is_alike(shape: tuple[int, ...], other: tuple[int, ...]) -> bool:
    """Whether one picture can be brought to the size of another without being squeezed.

    Args:
        shape: Rows and columns first.
        other: The same.
    """
    return abs(shape[1] / shape[0] * other[0] / other[1] - 1) <= _ASPECT_TOLERANCE
