"""The picture that every source hands out and every consumer takes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture of a source.

    Attributes:
        image: uint8, (height, width, 3), blue-green-red as OpenCV gives it.
        index: Position in the source, counted from the source's own first frame (a range
            `video.mp4:100-200` starts at 100).
        time_s: Seconds on the source's clock: of a recording since its first picture, by its
            presentation stamps where it has them; monotonic capture time of a camera.
        take: Number of the take it belongs to. The first frame of another one does not follow the
            frame before: a camera came back, a recording began again, a file ended.
    """

    image: NDArray[np.uint8]
    index: int
    time_s: float
    take: int = 0
