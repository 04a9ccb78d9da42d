"""The image pyramid of DIS: pictures made smaller as OpenCV does, to the last grey level."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from edge_vad.errors import WrongUse
from edge_vad.motion.extractor import MotionSettings

Size = tuple[int, int]
"""Rows and columns."""


def level_sizes(height: int, width: int, settings: MotionSettings) -> tuple[Size, ...]:
    """Sizes of the levels that DIS searches, from the finest to the coarsest.

    Raises:
        WrongUse: The frame is so small that OpenCV chooses other scales by itself.
    """
    patch, longer, shorter = settings.patch_size, max(height, width), min(height, width)
    steps = int(math.log2(longer / (4 * patch)) + 0.5), int(math.log2(max(1, shorter // patch)))
    coarsest = min(steps)
    if longer < 4 * patch or coarsest < settings.finest_scale:
        raise WrongUse(
            f"frames of {width}x{height} are too small for motion in the graph",
            "export without --motion-in-graph, or train on larger frames",
        )
    scales = range(settings.finest_scale, coarsest + 1)
    return tuple((height >> scale, width >> scale) for scale in scales)


class AreaShrink(nn.Module):
    """Makes pictures smaller by the mean of the area, `cv2.resize` with `INTER_AREA` on uint8.

    OpenCV rounds halves up where it halves both sides, and to even elsewhere.

    Args:
        before: Size of what comes in.
        after: Size of what goes out; no side is longer.
    """

    rows: Tensor
    columns: Tensor

    def __init__(self, before: Size, after: Size) -> None:
        super().__init__()
        ratios = [old / new for old, new in zip(before, after, strict=True)]
        self.is_whole = all(ratio.is_integer() for ratio in ratios)
        self.block = tuple(map(int, ratios))
        self.periods = [math.gcd(*each) for each in zip(before, after, strict=True)]
        if not self.is_whole:
            rows, columns = (
                area_weights(old // period, new // period)
                for old, new, period in zip(before, after, self.periods, strict=True)
            )
            self.register_buffer("rows", rows)
            self.register_buffer("columns", columns.T)

    def forward(self, pictures: Tensor) -> Tensor:
        """Shrink float32 pictures of whole numbers, (N, channels, h, w)."""
        if not self.is_whole:
            return torch.round(self._down(self._across(pictures)))
        if self.block == (1, 1):
            return pictures
        means = F.avg_pool2d(pictures, self.block)
        return torch.floor(means + 0.5) if self.block == (2, 2) else torch.round(means)

    def _across(self, pictures: Tensor) -> Tensor:
        """Shrink lines: weights come again after some pixels, and of those alone is the product."""
        parts = -1, *pictures.shape[1:3], self.periods[1], self.columns.shape[0]
        return (pictures.reshape(parts) @ self.columns).flatten(3)

    def _down(self, pictures: Tensor) -> Tensor:
        channels, _, width = pictures.shape[1:]
        parts = -1, channels, self.periods[0], self.rows.shape[1], width
        return (self.rows @ pictures.reshape(parts)).flatten(2, 3)


def area_weights(before: int, after: int) -> Tensor:
    """What each pixel of a line counts in each of fewer pixels, (after, before).

    Example:
        >>> area_weights(3, 2) * 3
        tensor([[2., 1., 0.],
                [0., 1., 2.]])
    """
    scale = before / after
    begin = torch.arange(after, dtype=torch.float64)[:, None] * scale
    place = torch.arange(before, dtype=torch.float64)
    covered = torch.minimum(place + 1, begin + scale) - torch.maximum(place, begin)
    return (covered.clamp(min=0) / scale).to(torch.float32)
