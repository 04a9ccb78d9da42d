"""From the flow of patches to that of pixels: means, weighted by how well each patch fits."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from edge_vad_export.motion.patches import PatchGrid

_INSIDE = 1e-3
"""Px by which a place stays inside of the picture."""


class Densification(nn.Module):
    """The weighted mean of the flow of all patches over a pixel.

    Args:
        grid: The patches.
    """

    numbers: Tensor
    is_there: Tensor
    places: Tensor
    highest: Tensor

    def __init__(self, grid: PatchGrid) -> None:
        super().__init__()
        self.grid = grid
        (rows, has_row), (columns, has_column) = grid.cover(0), grid.cover(1)
        self.layers = len(rows) * len(columns)
        numbers = rows[:, None, :, None] * grid.columns + columns[None, :, None, :]
        is_there = has_row[:, None, :, None] * has_column[None, :, None, :]
        height, width = grid.size
        y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
        self.register_buffer("numbers", numbers.flatten())
        self.register_buffer("is_there", is_there.reshape(1, self.layers, height * width))
        self.register_buffer("places", torch.stack([x, y]).flatten(1)[:, None].float())
        highest = torch.tensor([width - 1.0, height - 1.0]) - torch.tensor(_INSIDE)
        self.register_buffer("highest", highest[:, None, None])

    def forward(self, picture: Tensor, next_: Tensor, flow: Tensor) -> Tensor:
        """Densify.

        Args:
            picture: float32, (N, 1, h, w), grey levels.
            next_: The same, of the next picture.
            flow: float32, (N, patches, 2), px.

        Returns:
            float32, (N, 2, h, w), px.
        """
        picked = flow.index_select(1, self.numbers).transpose(1, 2)
        flows = picked.reshape(-1, 2, self.layers, self.is_there.shape[2])
        difference = self._at(next_, flows) - picture.flatten(2)
        weight = self.is_there / difference.abs().clamp(min=1.0)
        total = (flows * weight.unsqueeze(1)).sum(2) / weight.sum(1, keepdim=True)
        return total.reshape(-1, 2, *self.grid.size)

    def _at(self, next_: Tensor, flows: Tensor) -> Tensor:
        """The next picture where flows point to, float32, (N, layers, pixels)."""
        place = torch.minimum((self.places + flows).clamp(min=0.0), self.highest)
        whole = torch.floor(place)
        right, down = (place - whole).unbind(1)
        x, y = whole.unbind(1)
        width, size = self.grid.size[1], self.is_there.shape[2]
        first = (y * width + x).to(torch.int64)
        corners = torch.stack([first, first + 1, first + width, first + width + 1], 1)
        grey = torch.gather(next_.flatten(1), 1, corners.flatten(1))
        a, b, c, d = grey.reshape(-1, 4, self.layers, size).unbind(1)
        left, up = 1 - right, 1 - down
        return right * down * d + left * down * c + right * up * b + left * up * a
