"""The model's inputs: what its encoders and energies see of a frame and its motion."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from edge_vad_train.model.background import Background
from edge_vad_train.model.pooling import window_means
from edge_vad_train.model.vae import Architecture

STREAMS = ("appearance", "motion")
"""The encoders, and the energies of their latents."""

FOREGROUND_CHANNELS = 1
RGB_CHANNELS = 3
FLOW_CHANNELS = 2

CELL_FEATURES = 5
"""Flow to the right, flow down, speed, foreground, and foreground of a wider place."""

_BLOCK = 2
"""The appearance encoder sees foreground averaged over blocks of this many of its px a side."""

_BOX, _WIDE_BOX = 3, 5
"""Sides of the places that cell features are means over, in strides of the grid: 24 and 40 px."""

_STILL_PX, _MOVING_PX = 0.25, 0.35
"""Speed up to which it may be the flow's own noise, and from which on it is none, px a frame."""

_FASTEST = 8.0
"""Speed, in units of the scale, from which on more makes no difference: energies stay exact."""

_UNSEEN, _SEEN = 0.01, 0.03
"""Share of foreground around, up to which motion is the flow's noise, and from which on none."""

_EMPTY, _OCCUPIED = 0.08, 0.12
"""Share of foreground up to which a place is empty, and from which on something is there."""

_FAINT = 0.01
_ABSENT, _PRESENT = 0.7, 0.9
"""Shares of the most around, up to which nothing is in a place and from which on all is."""


class StreamInputs(NamedTuple):
    """What the model sees of a batch of frames.

    Attributes:
        foreground: float32, (N, channels, h, w), input of the appearance encoder: foreground, or
            blue, green and red in the paper's recipe.
        flow: float32, (N, 2, h', w'), input of the motion encoder.
        cell_features: float32, (N, 5, rows, columns), physical numbers of every cell: mean flow
            to the right and down and mean speed, in units of the scale, and shares of foreground in
            a place and in a wider one. None where a scene has none.
        activity: float32, (N, 1, rows, columns), from 0 where nothing is or moves, to 1. None where
            all cells count alike.
        presence: float32, (N, rows, columns), 1 where in its surroundings something is or moves,
            towards 0 beside it. None where that is not known.
        light: float32, (N, lights), 1 for the light that there is. None where all are alike.
    """

    foreground: Tensor
    flow: Tensor
    cell_features: Tensor | None = None
    activity: Tensor | None = None
    presence: Tensor | None = None
    light: Tensor | None = None

    @property
    def of_encoders(self) -> dict[str, Tensor]:
        """Input of each encoder, by the stream's name."""
        return dict(zip(STREAMS, (self.foreground, self.flow), strict=True))


class PerspectiveInputs(nn.Module):
    """Foreground, and flow in units of what is ordinary at each height of the picture.

    Args:
        background: Background subtraction.
        scale: float32, (rows,), ordinary speed in each row of cells, px a frame.
        motion: Shape of the motion encoder, for the grid.
    """

    scale: Tensor

    def __init__(self, background: Background, scale: Tensor, motion: Architecture) -> None:
        super().__init__()
        self.background = background
        self.patch, self.stride = motion.patch, motion.stride
        self.register_buffer("scale", scale)

    @property
    def lights(self) -> int:
        """How many kinds of light are distinguished."""
        return self.background.lights

    def forward(self, frame: Tensor, motion: Tensor) -> StreamInputs:
        """Prepare a batch of frames.

        Args:
            frame: uint8, (N, height, width, 3), blue-green-red.
            motion: float32, (N, 3, height / 4, width / 4), mean flow and mean speed, px a frame.
        """
        foreground, light = self.background(frame)
        foreground = window_means(foreground, _BLOCK, _BLOCK)
        scale = _between_cells(self.scale, motion.shape[2], self.patch, self.stride)
        scaled = (motion * (1 / scale)[:, None]).clamp(-_FASTEST, _FASTEST)
        shares = window_means(foreground, self.stride, self.stride)
        moves = window_means(scaled, self.stride, self.stride)
        rows, columns = ((side - self.patch) // self.stride + 1 for side in motion.shape[2:])
        moved = window_means(moves, _BOX)[:, :, :rows, :columns]
        narrow = window_means(shares, _BOX)[:, :, :rows, :columns]
        wide = window_means(shares, _WIDE_BOX, 1, 1)[:, :, :rows, :columns]
        features = torch.cat([moved, narrow, wide], 1)
        presence = _presence(shares + moves[:, 2:])[:, 0, :rows, :columns]
        activity = self._activity(moved, narrow, wide)
        is_one = self.background.lights == 1
        return StreamInputs(
            foreground, scaled[:, :2], features, activity, presence, None if is_one else light
        )

    def _activity(self, moved: Tensor, foreground: Tensor, around: Tensor) -> Tensor:
        """Where something is, or moves and is to be seen: noise and compression give flow, too.

        Motion is pooled over time, so what moved may have left the place, but not by far.
        """
        flow = moved[:, :2] * self.scale[:, None]
        speed = torch.sqrt((flow * flow).sum(1, keepdim=True))
        moves = (speed - _STILL_PX) * (1 / (_MOVING_PX - _STILL_PX))
        is_seen = (around - _UNSEEN) * (1 / (_SEEN - _UNSEEN))
        stands = (foreground - _EMPTY) * (1 / (_OCCUPIED - _EMPTY))
        return torch.maximum(torch.minimum(moves, is_seen), stands).clamp(0, 1)


class PaperInputs(nn.Module):
    """What the paper's abstract states: RGB patches and dynamic flow images, as they are."""

    lights = 1

    def forward(self, frame: Tensor, motion: Tensor) -> StreamInputs:
        """Prepare a batch of frames.

        Args:
            frame: uint8, (N, height, width, 3), blue-green-red.
            motion: float32, (N, 2, height / 2, width / 2), dynamic flow.
        """
        return StreamInputs(frame.to(torch.float32).permute(0, 3, 1, 2) * (1 / 255), motion)


def _presence(there: Tensor) -> Tensor:
    """Where something is: what is there in the middle of a cell, against the most around it.

    An object raises the energy of every cell whose receptive field it reaches into.

    Args:
        there: float32, (N, 1, rows + 2, columns + 2), how much is in each stride of the grid.

    Returns:
        float32, (N, 1, rows, columns), 0 to 1.
    """
    most = F.max_pool2d(there, _WIDE_BOX, 1, _WIDE_BOX // 2)
    share = there / (most + _FAINT)
    present = ((share - _ABSENT) * (1 / (_PRESENT - _ABSENT))).clamp(0, 1)
    return present[:, :, 1:-1, 1:-1]


def _between_cells(scale: Tensor, rows: int, patch: int, stride: int) -> Tensor:
    """From a value for each row of cells to one for each row of pixels, linearly, (rows,)."""
    centre = (patch - 1) / 2
    cells = (torch.arange(rows, dtype=torch.float32) - centre) / stride
    cells = cells.clamp(0, len(scale) - 1)
    below = cells.floor().long()
    above = (below + 1).clamp(max=len(scale) - 1)
    share = cells - below
    return scale[below] * (1 - share) + scale[above] * share
