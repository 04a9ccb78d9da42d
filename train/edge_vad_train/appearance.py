"""What the appearance stream sees: what differs from the empty scene, in even light."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

FRAME_DOWNSCALE = 2
"""The appearance stream sees frames averaged over blocks of this many px a side."""

SILHOUETTES = 1
"""Channels of what the appearance stream sees."""

_CLEAR_DIFFERENCE = 0.1
"""What makes something as present as motion does: difference from the empty scene, white is 1."""

_HALF_SEEN = 2.0
"""The difference, in clear ones, with which something is half of its silhouette."""

_LUMA = (0.114, 0.587, 0.299)
"""Shares of blue, green and red in grey, as OpenCV has them (ITU-R BT.601)."""

_DARKEST = 0.02

_SHADE_PX = 12
"""Distance between the places at which light is measured, px of the streams' input."""

_DEEPEST_SHADE = 1.6
"""What is darker or brighter than the rest by more is a thing and no shadow, a factor."""

_SHAKE_PX = 0.5
"""How far a camera may shake without being noticed, px of the streams' input."""


def shrink(frame: Tensor) -> Tensor:
    """Average frames over blocks.

    Args:
        frame: uint8, (N, height, width, 3), blue-green-red.

    Returns:
        float32, (N, 3, height / 2, width / 2), 0 to 1.
    """
    image = frame.permute(0, 3, 1, 2).to(torch.float32)
    return F.avg_pool2d(image, FRAME_DOWNSCALE) * (1 / 255)


def relight(picture: Tensor, brightness: Tensor) -> Tensor:
    """Bring every picture to the same mean, so that exposure and daylight make no difference.

    Args:
        picture: float32, (N, channels, h, w), 0 to 1.
        brightness: The mean to bring them to, a scalar or (N, 1, 1, 1).
    """
    # Row by row: single precision cannot add up a whole picture one by one.
    mean = picture.mean(3, keepdim=True).mean((1, 2), keepdim=True)
    return picture * (brightness / mean.clamp(min=_DARKEST))


def difference(look: Tensor) -> Tensor:
    """How much what is seen differs from the empty scene, squared; 1 is a clear difference.

    Args:
        look: float32, (N, 3, h, w), what `Appearance` gives.

    Returns:
        float32, (N, 1, h, w).
    """
    return (look * look).sum(1, keepdim=True) * (1 / _CLEAR_DIFFERENCE**2)


def silhouette(look: Tensor) -> Tensor:
    """The shapes of what is not part of the empty scene.

    What people wear tomorrow nobody has seen today. Shapes, sizes and gaits are few, and can be
    learnt from minutes of footage.

    Args:
        look: float32, (N, 3, h, w), what `Appearance` gives.

    Returns:
        float32, (N, 1, h, w), 0 to 1.
    """
    clear = difference(look)
    return clear / (clear + _HALF_SEEN)


class Appearance(nn.Module):
    """What differs from the empty scene, at half the frame's resolution.

    A fixed camera knows its background: the median of ordinary footage. What is left after
    taking it away is people and things, whatever they stand in front of. Light is taken away, too,
    as a whole and where the shadow of a cloud falls; and where the background has edges less is
    made of a difference, for there a camera that shakes makes one by itself.

    Args:
        background: float32, (1, 3, height / 2, width / 2), blue-green-red, 0 to 1.
    """

    background: Tensor
    row_means: Tensor
    row_spread: Tensor
    column_means: Tensor
    column_spread: Tensor

    def __init__(self, background: Tensor) -> None:
        super().__init__()
        self.register_buffer("background", background)
        for side, length in zip(("row", "column"), background.shape[2:], strict=True):
            means, spread = _places(length)
            self.register_buffer(f"{side}_means", means, persistent=False)
            self.register_buffer(f"{side}_spread", spread, persistent=False)

    @property
    def trust(self) -> Tensor:
        """How much of a difference is believed, 0 to 1, float32, (1, 1, h, w)."""
        down, right = torch.gradient(self.background, dim=(2, 3))
        shaken = (down * down + right * right).sum(1, keepdim=True) * _SHAKE_PX**2
        return _CLEAR_DIFFERENCE * torch.rsqrt(shaken + _CLEAR_DIFFERENCE**2)

    def gain(self, grey: Tensor, weight: Tensor) -> Tensor:
        """What light must be multiplied by to be as on the background.

        Args:
            grey: float32, (N, 1, h, w).
            weight: Share of the background that it should have, (N, 1, 1, 1) or a scalar.

        Returns:
            float32, (N, 1, h, w).
        """
        usual = self.row_means @ grey_of(self.background) @ self.column_means.T * weight
        now = (self.row_means @ grey @ self.column_means.T).clamp(min=_DARKEST)
        overall = usual.mean((2, 3), keepdim=True) / now.mean((2, 3), keepdim=True)
        local = torch.maximum(usual / now, overall * (1 / _DEEPEST_SHADE))
        local = torch.minimum(local, overall * _DEEPEST_SHADE)
        gain: Tensor = self.row_spread @ local @ self.column_spread.T
        return gain

    def forward(self, frame: Tensor) -> Tensor:
        """Take the background away.

        Args:
            frame: uint8, (N, height, width, 3), blue-green-red.

        Returns:
            float32, (N, 3, height / 2, width / 2).
        """
        picture = shrink(frame)
        gain = self.gain(grey_of(picture), torch.ones(()))
        return picture * (gain * self.trust) - self.background * self.trust

    def staying(self, look: Tensor, recent: Tensor) -> Tensor:
        """How much of what differs from the empty scene now has done so lately, too.

        Args:
            look: float32, (N, 3, h, w), what `forward` gives.
            recent: float32, (N, 2, h, w): the recent picture and its weight, see `RecentPicture`.

        Returns:
            float32, (N, 2, h, w), grey, 0 to 1: what stays, and what differs now.
        """
        now = grey_of(look)
        picture, weight = recent[:, :1], recent[:, 1:]
        gain = self.gain(picture, weight[:, :, :1, :1])
        lately = picture * (gain * self.trust) - weight * (grey_of(self.background) * self.trust)
        both = torch.relu(torch.minimum(now, lately)) + torch.relu(torch.minimum(-now, -lately))
        return torch.cat([both, now.abs()], 1)


def grey_of(image: Tensor) -> Tensor:
    """Grey of blue-green-red, (N, 3, h, w) to (N, 1, h, w)."""
    shares = image.new_tensor(_LUMA)[None]
    return (shares @ image.flatten(2)).reshape(-1, 1, *image.shape[2:])


def _places(length: int) -> tuple[Tensor, Tensor]:
    """Means around places along a side, and from values there back to the side, linearly.

    Returns:
        float32, (places, length), rows add up to 1; float32, (length, places), likewise.
    """
    count = max(2, round(length / _SHADE_PX))
    at = (torch.arange(length) + 0.5) * (count / length) - 0.5
    near = (1 - (at[:, None] - torch.arange(count)).abs()).clamp(min=0)
    spread = near / near.sum(1, keepdim=True)
    return (near / near.sum(0)).T.contiguous(), spread
