"""Dynamic flow images: flow fields pooled over a window of time."""

from __future__ import annotations

from enum import Enum

import numpy as np
from numpy.typing import NDArray

from edge_vad.opencv import cv2

UNITS_PER_PIXEL = 256
"""Flow is summed in whole 256ths of a pixel: integers leave no rounding error after weeks."""


class Pooling(str, Enum):
    """How a window of flow fields becomes one dynamic flow image.

    The mean speed is that of every field, so that what moves to and fro has one, too.
    """

    MEAN = "mean"
    MEAN_AND_SPEED = "mean+speed"
    RANK = "rank"

    @property
    def channels(self) -> int:
        """Channels of the pooled image: right, down and, where it is asked for, speed."""
        return 3 if self is Pooling.MEAN_AND_SPEED else 2


class DynamicFlow:
    """Pools the last T flow fields into one image, at a cost that does not depend on T.

    The mean is a running sum. Linear rank pooling (Bilen et al. 2016; Wang et al. 1701.03246)
    weighs field t of T with `2t - T - 1`; when a field enters and the oldest leaves, every other
    weight falls by two, so the weighted sum follows from itself and the plain sum. Both are exact:
    the sums are integers. While fewer than T fields have come, those there are count as the window.

    Args:
        height: Rows of a flow field.
        width: Columns of a flow field.
        window: T, the number of fields pooled.
        pooling: Which poolings stand side by side in the result.
        out: float32, (channels, height, width), where the result is written; made when None.

    Example:
        >>> pool = DynamicFlow(2, 3, window=2, pooling=Pooling.MEAN)
        >>> _ = pool.push(np.full((2, 2, 3), 1.0, np.float32))
        >>> float(pool.push(np.full((2, 2, 3), 2.0, np.float32))[0, 0, 0])
        1.5
    """

    def __init__(
        self,
        height: int,
        width: int,
        window: int,
        pooling: Pooling,
        out: NDArray[np.float32] | None = None,
    ) -> None:
        self._window = window
        self._pooling = pooling
        shape = pooling.channels, height, width
        self._fields = np.zeros((window, *shape), np.int16)
        self._sum = np.zeros(shape, np.int32)
        self._ranked = np.zeros(shape, np.int32)
        self._scratch = np.zeros(shape, np.int32)
        self._units = np.zeros(shape, np.float32)
        self._pooled = np.zeros(shape, np.float32) if out is None else out
        self._filled = 0
        self._oldest = 0

    def reset(self) -> None:
        """Forget every field: after a gap in the footage nothing of before it may count."""
        self._fields.fill(0)
        self._sum.fill(0)
        self._ranked.fill(0)
        self._pooled.fill(0)
        self._filled = 0
        self._oldest = 0

    def push(self, field: NDArray[np.float32]) -> NDArray[np.float32]:
        """Add the newest flow field and return the pooled image.

        Args:
            field: float32, (2, height, width), px a frame, right and down positive.

        Returns:
            float32, (channels, height, width), px a frame: the mean, or with rank pooling the
            weighted sum divided by the sum of the weights' magnitudes. The array is reused by the
            next call.
        """
        np.multiply(field, UNITS_PER_PIXEL, out=self._units[:2])
        if self._pooling is Pooling.MEAN_AND_SPEED:
            cv2.magnitude(self._units[0], self._units[1], self._units[2])
        np.rint(self._units, out=self._units)
        limits = np.iinfo(np.int16)
        np.clip(self._units, limits.min, limits.max, out=self._units)

        slot = self._fields[self._oldest]
        if self._pooling is Pooling.RANK:
            self._push_ranked(slot)
        self._sum -= slot
        np.copyto(slot, self._units, casting="unsafe")
        self._sum += slot

        self._oldest = (self._oldest + 1) % self._window
        self._filled = min(self._filled + 1, self._window)
        return self._write_pooled()

    def _push_ranked(self, oldest: NDArray[np.int16]) -> None:
        """Bring the ranked sum up to date; `oldest` and the plain sum are still of before."""
        newest = self._scratch
        np.copyto(newest, self._units, casting="unsafe")
        if self._filled < self._window:
            # n fields become n + 1: all weights fall by one, the newest weighs n.
            self._ranked -= self._sum
            newest *= self._filled
            self._ranked += newest
            return
        # R' = R + (T - 1) oldest + (T + 1) newest - 2 S'   with   S' = S - oldest + newest
        newest *= self._window - 1
        self._ranked += newest
        np.multiply(oldest, self._window + 1, out=newest, dtype=np.int32)
        self._ranked += newest
        np.multiply(self._sum, 2, out=newest)
        self._ranked -= newest

    def _write_pooled(self) -> NDArray[np.float32]:
        count, total = self._filled, self._sum
        if self._pooling is Pooling.RANK:
            count, total = max(rank_weights(count)[1], 1), self._ranked
        return np.multiply(total, 1.0 / (UNITS_PER_PIXEL * count), out=self._pooled)


def rank_weights(count: int) -> tuple[NDArray[np.int64], int]:
    """Weights of linear rank pooling, `2t - T - 1` for t = 1..T, and the sum of their magnitudes.

    Example:
        >>> rank_weights(3)
        (array([-2,  0,  2]), 4)
    """
    weights = 2 * np.arange(1, count + 1, dtype=np.int64) - count - 1
    return weights, count * count // 2
