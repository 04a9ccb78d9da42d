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

_ROUGH_LUMA = (15 / 128, 75 / 128, 38 / 128)
"""The same in whole 128ths, which processors add up without making numbers of bytes before."""

_DARKEST = 0.02
"""Grey that light is measured by at least, white is 1."""

_NOT_ZERO = 1e-3
"""Where nothing is known, as of black scenes: keeps numbers finite."""

_FIRST_PX, _THEN_PX = (12, 12), (4, 12)
"""Distances, down and across, between the places at which light is measured, px of the input.

A pixel of the input is two of the frame. Shadows lie on the ground, which cameras see at a slant,
and people stand upright: windows that are wide and low follow the ones and are not filled by the
others.
"""

_DEEPEST_SHADE = 1.6
"""What is darker or brighter than the rest by more is a thing and no shadow, a factor."""

_UNLIKE = 1.0
"""How quickly what differs from the background loses its say in what the light is."""

_DOUBT = 0.05
"""What the first measurement counts in the second, as a share of the background."""

_SHAKE_PX = 1.0
"""How far a camera may shake without being noticed, px of the frame."""

GLANCE = 2
"""A glance is coarser than what the streams see by this factor."""


def shrink(frame: Tensor, by: int = FRAME_DOWNSCALE) -> Tensor:
    """Average frames over blocks.

    Args:
        frame: uint8, (N, height, width, 3), blue-green-red.
        by: Side of a block, px.

    Returns:
        float32, (N, 3, height / by, width / by), 0 to 1.
    """
    image = frame.permute(0, 3, 1, 2).to(torch.float32)
    return F.avg_pool2d(image, by) * (1 / 255)


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


class _Light(nn.Module):
    """Means over triangular windows around evenly spaced places, and planes from values there.

    Args:
        size: Height and width of the planes.
        spacing: From place to place, down and across, px; windows are twice as large.
    """

    rows: Tensor
    columns: Tensor
    from_rows: Tensor
    from_columns: Tensor

    def __init__(self, size: tuple[int, int], spacing: tuple[int, int]) -> None:
        super().__init__()
        for side, length, apart in zip(("rows", "columns"), size, spacing, strict=True):
            means, spread = _places(length, apart)
            self.register_buffer(side, means, persistent=False)
            self.register_buffer(f"from_{side}", spread, persistent=False)

    def means(self, plane: Tensor) -> Tensor:
        """Means of (N, pictures, h, w) around the places, (N, pictures, rows, columns)."""
        return self.rows @ (plane @ self.columns.T)

    def spread(self, values: Tensor) -> Tensor:
        """From values at the places to those between them, linearly, (N, pictures, h, w)."""
        return self.from_rows @ values @ self.from_columns.T


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

    def __init__(self, background: Tensor) -> None:
        super().__init__()
        self.register_buffer("background", background)
        height, width = background.shape[2:]
        self.first = _Light((height, width), _FIRST_PX)
        self.then = _Light((height, width), _THEN_PX)

    @property
    def trust(self) -> Tensor:
        """How much of a difference is believed, 0 to 1, float32, (1, 1, h, w)."""
        return _trust(self.background, FRAME_DOWNSCALE)

    def gain(self, greys: Tensor) -> Tensor:
        """What light must be multiplied by to be as on the background, each picture by itself.

        It is measured twice. The first time everything counts, and windows are large, so that
        people fill little of them. The second time they are smaller, to follow the edge of a
        shadow, and what does not look like the background has no say: who stands at that edge does
        not tell where it is.

        Args:
            greys: float32, (N, pictures, h, w).

        Returns:
            float32, (N, pictures, h, w).
        """
        background = grey_of(self.background)
        usual, now = self.first.means(background), self.first.means(greys).clamp(min=_DARKEST)
        overall = usual.mean((2, 3), keepdim=True) / now.mean((2, 3), keepdim=True)
        least, most = overall * (1 / _DEEPEST_SHADE), overall * _DEEPEST_SHADE
        gain = self.first.spread(torch.minimum(torch.maximum(usual / now, least), most))

        even = greys * gain
        differs = even - background
        clear = (_CLEAR_DIFFERENCE / self.trust) ** 2 / _UNLIKE
        like = clear / (differs * differs + clear)
        like = like * like
        doubt = self.then.means(background) * _DOUBT + _NOT_ZERO
        usual = self.then.means(like * background) + doubt
        finer = gain * self.then.spread(usual / (self.then.means(like * even) + doubt))
        return torch.minimum(torch.maximum(finer, least), most)

    def forward(self, frame: Tensor) -> Tensor:
        """Take the background away.

        Args:
            frame: uint8, (N, height, width, 3), blue-green-red.

        Returns:
            float32, (N, 3, height / 2, width / 2).
        """
        picture = shrink(frame)
        return self._differing(picture, self.gain(grey_of(picture)))

    def now_and_lately(
        self, frame: Tensor, recent: Tensor, weight: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Take the background away from a frame and from the recent picture.

        Args:
            frame: uint8, (N, height, width, 3), blue-green-red.
            recent: float32, (N, 1, height / 2, width / 2), the recent picture, grey, see
                `RecentPicture`; it is as dark as its weight is small.
            weight: float32, (N, 1, 1, 1), 0 to 1.

        Returns:
            What differs from the empty scene now, as by `forward`, and what did so lately, grey,
            float32, (N, 1, height / 2, width / 2).
        """
        picture = shrink(frame)
        mean = recent * (1 / weight.clamp(min=_NOT_ZERO))
        gain = self.gain(torch.cat([grey_of(picture), mean], 1))
        empty = grey_of(self.background) * self.trust
        lately = recent * (gain[:, 1:] * self.trust) - weight * empty
        return self._differing(picture, gain[:, :1]), lately

    def _differing(self, picture: Tensor, gain: Tensor) -> Tensor:
        return picture * (gain * self.trust) - self.background * self.trust

    def glance(self, frame: Tensor) -> Tensor:
        """How much differs from the empty scene, as `difference` has it, but coarsely.

        In grey, at half the streams' resolution, and with one light for all of the picture: enough
        to tell where something is, at a fraction of the cost.

        Args:
            frame: uint8, (N, height, width, 3), blue-green-red.

        Returns:
            float32, (N, 1, height / 4, width / 4).
        """
        side = FRAME_DOWNSCALE * GLANCE
        empty = grey_of(F.avg_pool2d(self.background, GLANCE), _ROUGH_LUMA)
        now = relight(grey_of(shrink(frame, side), _ROUGH_LUMA), empty.mean())
        differs = (now - empty) * _trust(empty, side)
        return differs * differs * (len(_LUMA) / _CLEAR_DIFFERENCE**2)


def _trust(background: Tensor, downscale: int) -> Tensor:
    """How much of a difference is believed where a background of this resolution has edges."""
    down, right = torch.gradient(background, dim=(2, 3))
    shaken = (down * down + right * right).sum(1, keepdim=True) * (_SHAKE_PX / downscale) ** 2
    return _CLEAR_DIFFERENCE * torch.rsqrt(shaken + _CLEAR_DIFFERENCE**2)


def grey_of(image: Tensor, luma: tuple[float, float, float] = _LUMA) -> Tensor:
    """Grey of blue-green-red, (N, 3, h, w) to (N, 1, h, w)."""
    shares = image.new_tensor(luma)[None]
    return (shares @ image.flatten(2)).reshape(-1, 1, *image.shape[2:])


def _places(length: int, spacing: int) -> tuple[Tensor, Tensor]:
    """Means around places along a side, and from values there back to the side, linearly.

    Returns:
        float32, (places, length), rows add up to 1; float32, (length, places), likewise.
    """
    count = max(2, round(length / spacing))
    at = (torch.arange(length) + 0.5) * (count / length) - 0.5
    near = (1 - (at[:, None] - torch.arange(count)).abs()).clamp(min=0)
    spread = near / near.sum(1, keepdim=True)
    return (near / near.sum(0)).T.contiguous(), spread
