"""What every flow unit is, and the check that it measures what it should."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edge_vad.errors import Unavailable
from edge_vad.opencv import cv2

FRACTION = 32.0
"""Units give vectors as S10.5: whole numbers of 32nds of a px."""

SHIFT = (3, 2)
"""By how many px to the right and down the check's picture moves."""

_TOLERANCE = 0.5
"""Of the check, px."""


class DenseFlow(Protocol):
    """Measures the flow between two pictures, as `cv2.DISOpticalFlow` does; not for two threads."""

    def calc(
        self, previous: NDArray[np.uint8], current: NDArray[np.uint8], flow: None = None, /
    ) -> NDArray[np.float32]:
        """Measure where every px of a picture went.

        Args:
            previous: uint8, (height, width), grey.
            current: uint8, (height, width).
            flow: Nothing; OpenCV takes a first guess here.

        Returns:
            float32, (height, width, 2), px to the right and down.

        Raises:
            Unavailable: The unit fails.
        """


def from_vectors(
    vectors: NDArray[np.int16], grid: int, height: int, width: int
) -> NDArray[np.float32]:
    """Give every px the vector of its block.

    Args:
        vectors: int16, (rows, columns, 2), S10.5, one for each block of `grid` px a side; the last
            ones may reach over the border.
        grid: Side of a block, px.
        height: Rows of the picture.
        width: Columns of the picture.

    Returns:
        float32, (height, width, 2), px.

    Example:
        >>> from_vectors(np.full((1, 2, 2), 48, np.int16), 4, 3, 6)[2, 5].tolist()
        [1.5, 1.5]
    """
    flow = np.asarray(vectors, np.float32) / FRACTION
    if grid > 1:
        flow = flow.repeat(grid, axis=0).repeat(grid, axis=1)
    return np.ascontiguousarray(flow[:height, :width])


def check(unit: DenseFlow, name: str, height: int, width: int) -> None:
    """Measure a picture that moved by `SHIFT`: direction, scale and order are as they should be.

    The unit is asked through structures that were written down from documents, and what it is
    wrong about no error would tell: scores would be wrong.

    Args:
        unit: What measures.
        name: Of the unit, for the error.
        height: Rows of the pictures that it was opened for.
        width: Columns of the pictures.

    Raises:
        Unavailable: It measures something else.
    """
    noise = np.random.default_rng(0).normal(size=(height, width)).astype(np.float32)
    blurred = np.asarray(cv2.GaussianBlur(noise, (0, 0), 2.0))
    still = np.clip(128 + 48 * blurred / blurred.std(), 0, 255).astype(np.uint8)
    flow = unit.calc(still, np.roll(still, SHIFT[::-1], axis=(0, 1)), None)
    right, down = np.median(flow[height // 4 : -height // 4, width // 4 : -width // 4], axis=(0, 1))
    if max(abs(right - SHIFT[0]), abs(down - SHIFT[1])) > _TOLERANCE:
        raise Unavailable(
            f"{name} measures {right:.1f} px to the right and {down:.1f} down where a picture "
            f"moved by {SHIFT[0]} and {SHIFT[1]}",
            "use flow on the CPU, and report this with the output of edge-vad doctor --json",
        )
