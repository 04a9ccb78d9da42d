"""Background subtraction: what does not belong to the background pictures."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

FRAME_DOWNSCALE = 2
"""The streams see frames averaged over blocks of this many px a side."""

_LUMA = (0.114, 0.587, 0.299)
"""Shares of blue, green and red in grey, as OpenCV has them (ITU-R BT.601)."""

_ABREAST = 16
"""Blocks that are weighed at once; more of them multiply more zeros."""

_NO_DIFFERENCE, _CLEAR_DIFFERENCE = 15 / 255, 25 / 255
"""Difference from the background up to which a pixel belongs to it, and from which on to none."""

_SWAY = 1
"""How far what belongs to the background may move, px of half the resolution: masts sway in the
wind, and so do trees."""

DARKEST = 0.02
"""Grey that brightness is measured by at least, white is 1."""

_BY_PEOPLE = 0.06
"""Change of a picture's mean that people make who come by, a share."""


def grey_of(frames: Tensor) -> Tensor:
    """Average frames over blocks, in grey.

    Rows are added up first, and one small matrix product weighs what is side by side: turning
    whole frames to channels first and pooling them took four times as long.

    Args:
        frames: uint8, (N, height, width, 3), blue-green-red.

    Returns:
        float32, (N, 1, height / 2, width / 2), 0 to 1.
    """
    by, (height, width, channels) = FRAME_DOWNSCALE, frames.shape[1:]
    rows, columns = height // by, width // by
    pixels = frames[:, : rows * by, : columns * by].to(torch.float32)
    added = pixels.reshape(-1, by, columns * by * channels).sum(1)
    abreast = next(n for n in range(_ABREAST, 0, -1) if columns % n == 0)
    weights = torch.tensor(_LUMA).repeat(by)[:, None] / (255 * by**2)
    parts = added.reshape(-1, abreast * by * channels)
    side_by_side = torch.kron(torch.eye(abreast), weights)
    grey: Tensor = (parts @ side_by_side).reshape(-1, 1, rows, columns)
    return grey


def match_brightness(pictures: Tensor, brightness: Tensor) -> Tensor:
    """Bring every picture near a mean, so that exposure and daylight make no difference.

    People who come by change the mean, too, though little: so much is left as it is.

    Args:
        pictures: float32, (N, channels, h, w), 0 to 1.
        brightness: The means to bring them to, that broadcast to (N, channels, 1, 1).
    """
    # Row by row: single precision cannot add up a whole picture one by one.
    mean = pictures.mean(3, keepdim=True).mean(2, keepdim=True)
    change = brightness / mean.clamp(min=DARKEST) - 1
    return pictures * (1 + change - change.clamp(-_BY_PEOPLE, _BY_PEOPLE))


class Background(nn.Module):
    """Foreground of frames, against the empty picture of the light that they are most like.

    A fixed camera knows its background: the median of ordinary footage, one for each kind of light
    (day, lamp, infrared), as infrared pictures are no brighter or darker version of the others.

    Args:
        pictures: float32, (1, lights, h, w), grey, 0 to 1.
    """

    pictures: Tensor

    def __init__(self, pictures: Tensor) -> None:
        super().__init__()
        self.register_buffer("pictures", pictures)

    @property
    def lights(self) -> int:
        """How many kinds of light there are."""
        return self.pictures.shape[1]

    def forward(self, frame: Tensor) -> tuple[Tensor, Tensor]:
        """Tell what does not belong to the empty scene.

        Args:
            frame: uint8, (N, height, width, 3), blue-green-red.

        Returns:
            Foreground, float32, (N, 1, height / 2, width / 2), from 0, background, to 1; and which
            light there is, (N, lights), 1 for one and 0 for the others.
        """
        grey = grey_of(frame)
        brightness = self.pictures.mean(3, keepdim=True).mean(2, keepdim=True)
        matched = match_brightness(grey, brightness)
        differences = (matched - matched.clamp(*self._around())).abs()
        scale = 1 / (_CLEAR_DIFFERENCE - _NO_DIFFERENCE)
        foregrounds = ((differences - _NO_DIFFERENCE) * scale).clamp(0, 1)
        light = self._light(grey, differences)
        if self.lights == 1:
            return foregrounds, light
        return (foregrounds * light[:, :, None, None]).sum(1, keepdim=True), light

    def _around(self) -> tuple[Tensor, Tensor]:
        """The darkest and the brightest of the empty pictures around each pixel."""
        side = 2 * _SWAY + 1
        return (
            -F.max_pool2d(-self.pictures, side, 1, _SWAY),
            F.max_pool2d(self.pictures, side, 1, _SWAY),
        )

    def _light(self, grey: Tensor, differences: Tensor) -> Tensor:
        """1 for the light whose empty picture is the most similar, (N, lights)."""
        brightness = self.pictures.mean((2, 3)) - grey.mean((2, 3))
        distance = differences.mean((2, 3)) + brightness.abs()
        return F.one_hot(distance.argmin(1), self.lights).to(torch.float32)
