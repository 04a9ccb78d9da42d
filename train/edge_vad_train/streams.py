"""What the two streams see of a scene."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from edge_vad_train.appearance import Appearance, relight, shrink, silhouette
from edge_vad_train.footage import Footage, Stretch
from edge_vad_train.network import RECENT_CHANNELS

StreamInput = Callable[[Stretch, slice], Tensor]
"""A stream's input for some frames of a stretch: float32, (n, channels, height, width)."""

_BACKGROUND_FRAMES = 200


def background_of(footage: Footage) -> Tensor:
    """The empty scene: the median of frames from all over the footage.

    Returns:
        float32, (1, 3, height / 2, width / 2), blue-green-red, 0 to 1.
    """
    total = sum(len(stretch) for stretch in footage.fitting)
    every = max(1, total // _BACKGROUND_FRAMES)
    views = [shrink(frames_of(stretch, slice(0, None, every))) for stretch in footage.fitting]
    pictures = torch.cat(views)
    alike = relight(pictures, pictures.mean())
    return torch.from_numpy(np.median(alike.numpy(), 0, keepdims=True))


def frames_of(stretch: Stretch, which: slice) -> Tensor:
    """Frames of a stretch, uint8, (n, height, width, 3)."""
    return torch.from_numpy(np.array(stretch.frames[which]))


def motion_of(stretch: Stretch, which: slice) -> Tensor:
    """Motion input of a stretch, float32, (n, channels, height', width')."""
    return torch.from_numpy(stretch.motion[which].astype(np.float32))


def appearance_view(appearance: Appearance) -> StreamInput:
    """Give the appearance stream's input, silhouettes, float32, (n, 1, h, w)."""

    def view(stretch: Stretch, which: slice) -> Tensor:
        return silhouette(appearance(frames_of(stretch, which)))

    return view


def motion_view(stretch: Stretch, which: slice) -> Tensor:
    """Give the motion stream's input, pooled flow, float32, (n, channels, h, w)."""
    return motion_of(stretch, which)[:, :-RECENT_CHANNELS]
