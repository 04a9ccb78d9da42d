"""The variational refinement of DIS: brightness and gradients stay, and flow is smooth.

A few times the weights of a linear system are set by the flow so far, and the system is solved by
successive over-relaxation, where pixels of one colour of a checkerboard go at once.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from edge_vad.motion.extractor import MotionSettings
from edge_vad.motion.flow_code import EPSILON
from edge_vad_export.motion.pyramid import Size

_SWEEPS = 5
"""Of the relaxation; OpenCV's number."""
_OMEGA = 1.6
_BRIGHTNESS = 5.0
"""Weight of constant brightness, OpenCV's own."""
_ZETA = 0.1 * 0.1
"""Keeps from dividing by no gradient."""
_PARTS = 32.0
"""OpenCV rounds places to so many parts of a pixel."""


class _System(NamedTuple):
    """What does not change while weights do; all float32, (N, channels, h, w) or what spreads.

    Attributes:
        change: Over time: of brightness, and of its slopes to the right and down.
        slopes_x: The same to the right.
        slopes_y: The same down.
        inverse_norm: Of these three.
        brightness: What brightness adds to the system: xx, xy, yy, x, y.
        gradients: What constant gradients add.
        flow: Before, px.
        flow_x: Its differences to the right.
        flow_y: Its differences down.
        red: Omega on the red pixels of the checkerboard, 0 on the black ones.
    """

    change: Tensor
    slopes_x: Tensor
    slopes_y: Tensor
    inverse_norm: Tensor
    brightness: Tensor
    gradients: Tensor
    flow: Tensor
    flow_x: Tensor
    flow_y: Tensor
    red: Tensor


class Refinement(nn.Module):
    """Refines the flow of one pyramid level.

    Args:
        size: Of the level, px.
        settings: How often, and the weights of smoothness and gradients.
    """

    red: Tensor

    def __init__(self, size: Size, settings: MotionSettings) -> None:
        super().__init__()
        self.warp, self.rounds = Warp(size), settings.refinements
        self.smoothness, self.gradients = settings.smoothness / 2, settings.gradients / 2
        y, x = torch.meshgrid(torch.arange(size[0]), torch.arange(size[1]), indexing="ij")
        self.register_buffer("red", _OMEGA * ((x + y) % 2 == 0).float()[None, None])

    def forward(self, picture: Tensor, next_: Tensor, flow: Tensor) -> Tensor:
        """Refine.

        Args:
            picture: float32, (N, 1, h, w), grey levels.
            next_: The same, of the next picture.
            flow: float32, (N, 2, h, w), px.
        """
        system = self._system(picture, next_, flow)
        rounds = torch.zeros(self.rounds, 1)

        def improve(change: Tensor, turn: Tensor, *held: Tensor) -> list[Tensor]:
            return [self._improve(change, _System(*held)).contiguous(), turn.clone()]

        start = [torch.zeros_like(flow, memory_format=torch.contiguous_format)]
        change, _ = torch.ops.higher_order.scan(improve, start, [rounds], tuple(system))
        refined: Tensor = flow + change
        return refined

    def _system(self, picture: Tensor, next_: Tensor, flow: Tensor) -> _System:
        warped = self.warp(next_, flow)
        x, y = _slopes(0.5 * picture + 0.5 * warped)
        change = warped - picture
        (xx, xy), (_, yy) = _slopes(x), _slopes(y)
        slopes_x, slopes_y = torch.cat([x, xx, xy], 1), torch.cat([y, xy, yy], 1)
        change = torch.cat([change, *_slopes(change)], 1)
        inverse = 1 / (slopes_x * slopes_x + slopes_y * slopes_y + _ZETA)
        terms = [(slopes_x, slopes_x), (slopes_x, slopes_y), (slopes_y, slopes_y)]
        terms += [(-change, slopes_x), (-change, slopes_y)]
        products = [torch.split(a * b * inverse, [1, 2], 1) for a, b in terms]
        return _System(
            change,
            slopes_x,
            slopes_y,
            inverse,
            torch.cat([brightness for brightness, _ in products], 1),
            torch.cat([gradient.sum(1, keepdim=True) for _, gradient in products], 1),
            flow,
            F.pad(flow[..., 1:] - flow[..., :-1], (0, 1)),
            F.pad(flow[..., 1:, :] - flow[..., :-1, :], (0, 0, 0, 1)),
            self.red,
        )

    def _improve(self, change: Tensor, system: _System) -> Tensor:
        """Set weights by the flow so far, and relax: from one change of the flow to the next."""
        xx, xy, yy, wanted = torch.split(self._data(change, system), [1, 1, 1, 2], 1)
        left, right, above, below, smooth = self._edges(change, system)
        around = left + right + above + below
        inverse = 1 / (torch.cat([xx, yy], 1) + _ZETA + around)
        target, across = (wanted + smooth) * inverse, xy * inverse
        colours = [
            (omega * inverse, omega * target, 1 - omega, omega * across)
            for omega in (system.red, _OMEGA - system.red)
        ]
        for _ in range(_SWEEPS):
            for weight, aim, kept, mixed in colours:
                padded = F.pad(change, (1, 1, 1, 1))
                pulled = left * padded[..., 1:-1, :-2] + right * padded[..., 1:-1, 2:]
                pulled = pulled + above * padded[..., :-2, 1:-1]
                pulled = pulled + below * padded[..., 2:, 1:-1]
                u, v = torch.split(pulled * weight + aim + change * kept, 1, 1)
                mixed_u, mixed_v = torch.split(mixed, 1, 1)
                u = u - mixed_u * change[:, 1:]
                change = torch.cat([u, v - mixed_v * u], 1)
        return change

    def _data(self, change: Tensor, system: _System) -> Tensor:
        """The system of brightness and gradients: xx, xy, yy, x, y, (N, 5, h, w)."""
        u, v = torch.split(change, 1, 1)
        off = system.change + system.slopes_x * u + system.slopes_y * v
        bright, steep = torch.split(off * off * system.inverse_norm, [1, 2], 1)
        brightness = _BRIGHTNESS / 2 * _robust(bright)
        gradients = self.gradients * _robust(steep.sum(1, keepdim=True))
        return brightness * system.brightness + gradients * system.gradients

    def _edges(self, change: Tensor, system: _System) -> tuple[Tensor, ...]:
        """How strongly neighbours are alike: less where flow differs, and not over the border.

        Returns:
            The weights to the left, right, above and below, (N, 1, h, w), and what the flow so far
            adds to the system, (N, 2, h, w).
        """
        flow = system.flow + change
        to_right = F.pad(flow[..., 1:] - flow[..., :-1], (0, 1))
        down = F.pad(flow[..., 1:, :] - flow[..., :-1, :], (0, 0, 0, 1))
        steepness = (to_right * to_right + down * down).sum(1, keepdim=True)
        weight = self.smoothness * _robust(steepness)
        right, below = F.pad(weight[..., :-1], (0, 1)), F.pad(weight[..., :-1, :], (0, 0, 0, 1))
        pull_right, pull_down = right * system.flow_x, below * system.flow_y
        target = pull_right - _from_left(pull_right) + pull_down - _from_above(pull_down)
        return _from_left(right), right, _from_above(below), below, target


def _robust(square: Tensor) -> Tensor:
    return torch.rsqrt(square + EPSILON * EPSILON)


def _slopes(image: Tensor) -> tuple[Tensor, Tensor]:
    """Differences of both neighbours, to the right and down; edges are repeated."""
    wide = F.pad(image, (1, 1, 0, 0), mode="replicate")
    high = F.pad(image, (0, 0, 1, 1), mode="replicate")
    return wide[..., 2:] - wide[..., :-2], high[..., 2:, :] - high[..., :-2, :]


def _from_left(image: Tensor) -> Tensor:
    return F.pad(image, (1, 0))[..., :-1]


def _from_above(image: Tensor) -> Tensor:
    return F.pad(image, (0, 0, 1, 0))[..., :-1, :]


class Warp(nn.Module):
    """Reads a picture where flow points to, as `cv2.remap` does: bilinear, edges repeated.

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
