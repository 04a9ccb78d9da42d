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
        stripes: Into which the rows are cut.
        depth: Rows of a stripe; the last one may have fewer.
    """

    def __init__(self, size: Size, patch: int, stride: int) -> None:
        self.size, self.patch, self.stride = size, patch, stride
        self.rows, self.columns = ((side - patch) // stride + 1 for side in size)
        self.depth = -(-self.rows // _STRIPES)
        self.stripes = -(-self.rows // self.depth)

    def corners(self) -> Tensor:
        """Top left corners, int64, (patches, 2), x and y, px."""
        sides = torch.arange(self.rows), torch.arange(self.columns)
        y, x = torch.meshgrid(*sides, indexing="ij")
        return torch.stack([x.flatten(), y.flatten()], 1) * self.stride

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
        place = torch.arange(self.size[axis])
        last = (place // self.stride).clamp(max=(self.rows, self.columns)[axis] - 1)
        first = ((place - self.patch) // self.stride + 1).clamp(min=0).minimum(last)
        numbers = first + torch.arange(int((last - first).max()) + 1)[:, None]
        return numbers.minimum(last), (numbers <= last).float()


def square(side: int, width: int) -> Tensor:
    """Numbers of a square's pixels from its first one on, in a picture of this width, (side²,)."""
    line = torch.arange(side)
    return (line[:, None] * width + line).flatten()


def wavefront(grid: PatchGrid, *, backward: bool) -> dict[str, Tensor]:
    """The order in which flow spreads over the patches of a level, as steps that go in parallel.

    In a stripe the patches are visited row by row, and each takes over the flow of the one before
    or of the one above where that fits better. So all on an anti-diagonal may go at once, in all
    stripes: step d holds in row r of a stripe the patch of column d - r. The lanes of a step are
    the rows of a stripe, times stripes.

    Args:
        grid: The patches.
        backward: From the last patch to the first.

    Returns:
        `order`: int64, (steps * lanes,), the patch; some stand for none.
        `places`: int64, (patches,), where each patch lies in that order.
        `has_left`: float32, (steps, lanes), 1 where there is a patch before.
        `has_above`: float32, (steps, lanes), 1 where there is one above, in the stripe.
    """
    sides = grid.columns + grid.depth - 1, grid.depth, grid.stripes
    step, row, stripe = torch.meshgrid(*map(torch.arange, sides), indexing="ij")
    column = step - row
    own = stripe * grid.depth + (grid.depth - 1 - row if backward else row)
    above = own + (1 if backward else -1)
    is_there = (column >= 0) & (column < grid.columns) & (own < grid.rows)
    across = grid.columns - 1 - column if backward else column
    order = torch.where(is_there, own * grid.columns + across, 0).flatten()
    places = torch.zeros(grid.rows * grid.columns, dtype=torch.int64)
    used = is_there.flatten().nonzero()[:, 0]
    places[order[used]] = used
    return {
        "order": order,
        "places": places,
        "has_left": (is_there & (column > 0)).flatten(1).float(),
        "has_above": (is_there & (row > 0) & (above < grid.rows)).flatten(1).float(),
    }
