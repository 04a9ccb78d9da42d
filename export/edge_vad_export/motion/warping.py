"""Reads a picture where flow points to, as `cv2.remap` does."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from edge_vad_export.motion.pyramid import Size

_PARTS = 32.0
"""OpenCV rounds places to so many parts of a pixel."""


class Warp(nn.Module):
    """Bilinear, edges repeated.

    Args:
        size: Of the picture, px.
    """

    places: Tensor
    highest: Tensor

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.size = size
        y, x = torch.meshgrid(torch.arange(size[0]), torch.arange(size[1]), indexing="ij")
        self.register_buffer("places", torch.stack([x, y]).flatten(1).float())
        self.register_buffer("highest", torch.tensor([size[1] - 1.0, size[0] - 1.0])[:, None])

    def forward(self, picture: Tensor, flow: Tensor) -> Tensor:
        """Warp.

        Args:
            picture: float32, (N, 1, h, w).
            flow: float32, (N, 2, h, w), px.

        Returns:
            float32, (N, 1, h, w).
        """
        parts = torch.round((self.places + flow.flatten(2)) * _PARTS)
        whole = torch.floor(parts * (1 / _PARTS))
        right, down = (parts * (1 / _PARTS) - whole).unbind(1)
        (left_x, up_y), (right_x, down_y) = self._inside(whole), self._inside(whole + 1)
        rows = up_y * self.size[1], down_y * self.size[1]
        corners = torch.stack([y + x for y in rows for x in (left_x, right_x)], 1)
        numbers = corners.to(torch.int64).flatten(1)
        grey = torch.gather(picture.flatten(1), 1, numbers).reshape(corners.shape)
        a, b, c, d = grey.unbind(1)
        left, up = 1 - right, 1 - down
        warped = a * (left * up) + b * (right * up) + c * (left * down) + d * (right * down)
        return warped.reshape(-1, 1, *self.size)

    def _inside(self, place: Tensor) -> tuple[Tensor, Tensor]:
        x, y = torch.minimum(place.clamp(min=0.0), self.highest).unbind(1)
        return x, y
