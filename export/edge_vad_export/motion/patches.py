"""Where the patches of one pyramid level lie, and which pixels they cover."""

from __future__ import annotations

import torch
from torch import Tensor

from edge_vad_export.motion.pyramid import Size

_STRIPES = 8
"""OpenCV cuts the rows of patches into so many stripes; flow spreads within one alone."""


class PatchGrid:
    """The patches of one level, in the order of reading.

    Args:
        size: Of the level, px.
        patch: Side of a patch, px.
        stride: Distance between patches, px.

    Attributes:
        rows: Of patches.
        columns: Of patches.
    """

    def __init__(self, size: Size, patch: int, stride: int) -> None:
        self.size, self.patch, self.stride = size, patch, stride
        self.rows, self.columns = ((side - patch) // stride + 1 for side in size)

    def corners(self) -> Tensor:
        """Top left corners, int64, (patches, 2), x and y, px."""
        y, x = torch.meshgrid(
            torch.arange(self.rows) * self.stride,
            torch.arange(self.columns) * self.stride,
            indexing="ij",
        )
        return torch.stack([x.flatten(), y.flatten()], 1)

    def pixels(self) -> Tensor:
        """Numbers of each patch's pixels in the flattened picture, int64, (patches * patch²,)."""
        first = self._number(self.corners())
        return (first[:, None] + square(self.patch, self.size[1])).flatten()

    def middles(self) -> Tensor:
        """Number of each patch's middle pixel in the flattened picture, int64, (patches,)."""
        return self._number(self.corners() + self.patch // 2)

    def _number(self, places: Tensor) -> Tensor:
        x, y = places.unbind(1)
        return y * self.size[1] + x

    def cover(self, axis: int) -> tuple[Tensor, Tensor]:
        """Which patches lie over each row (axis 0) or column (axis 1) of pixels.

        Returns:
            Numbers, int64, and 1 or 0 for whether there is such a patch, both (layers, side).
        """
        first, last, found = 0, -1, []
        for place in range(self.size[axis]):
            if place % self.stride == 0 and place + self.patch <= self.size[axis]:
                last += 1
            if place >= self.patch and (place - self.patch) % self.stride == 0 and first < last:
                first += 1
            found.append((first, last))
        layers = max(last - first + 1 for first, last in found)
        numbers = torch.tensor([[min(a + n, b) for a, b in found] for n in range(layers)])
        there = torch.tensor([[float(a + n <= b) for a, b in found] for n in range(layers)])
        return numbers, there


def square(side: int, width: int) -> Tensor:
    """Numbers of a square's pixels from its first one on, in a picture of this width, (side²,)."""
    line = torch.arange(side)
    return (line[:, None] * width + line).flatten()


class Wavefront:
    """The order in which flow spreads over the patches of a level, as steps that go in parallel.

    In a stripe the patches are visited row by row, and each takes over the flow of the one before
    or of the one above where that fits better. So all on an anti-diagonal may go at once, in all
    stripes: step d holds in row r of a stripe the patch of column d - r.

    Args:
        grid: The patches.
        backward: From the last patch to the first.

    Attributes:
        stripes: How many there are.
        lanes: Patches of a step: rows of a stripe, times stripes.
        patches: int64, (steps * lanes,), the patch; some stand for none.
        places: int64, (patches,), where each patch lies in that order.
        has_left: float32, (steps, lanes), 1 where there is a patch before.
        has_above: float32, (steps, lanes), 1 where there is one above, in the stripe.
    """

    def __init__(self, grid: PatchGrid, *, backward: bool) -> None:
        depth = -(-grid.rows // _STRIPES)
        self.stripes = -(-grid.rows // depth)
        self.lanes = depth * self.stripes
        step, row, stripe = torch.meshgrid(
            torch.arange(grid.columns + depth - 1),
            torch.arange(depth),
            torch.arange(self.stripes),
            indexing="ij",
        )
        column = step - row
        own = stripe * depth + (depth - 1 - row if backward else row)
        above = own + (1 if backward else -1)
        is_there = (column >= 0) & (column < grid.columns) & (own < grid.rows)
        across = grid.columns - 1 - column if backward else column
        patch = torch.where(is_there, own * grid.columns + across, 0).flatten()
        self.patches = patch
        self.places = torch.zeros(grid.rows * grid.columns, dtype=torch.int64)
        used = is_there.flatten().nonzero()[:, 0]
        self.places[patch[used]] = used
        self.has_left = (is_there & (column > 0)).flatten(1).float()
        self.has_above = (is_there & (row > 0) & (above < grid.rows)).flatten(1).float()
