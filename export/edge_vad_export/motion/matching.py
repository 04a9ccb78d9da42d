"""Compares patches of a picture with places in the next one, and moves them downhill."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor


class Patches(NamedTuple):
    """What is known of K patches.

    Attributes:
        corners: float32, (N or 1, K, 2), in the next picture with its border, x and y, px.
        grey: float32, (N, K, P), their P pixels.
        gradients: float32, (N, K, 2, P), right and down, less their means.
        inverse: float32, (N, K, 3), inverse structure tensor: xx, xy, yy.
    """

    corners: Tensor
    grey: Tensor
    gradients: Tensor
    inverse: Tensor


class Surroundings(NamedTuple):
    """Where patches are looked for; all tensors, as a `Scan` is handed all that it reads.

    Attributes:
        grey: float32, (N, pixels), the next picture with its border, flattened.
        around: int64, ((side + 1)²,), numbers of the pixels that a patch and its neighbours cover.
        lowest: float32, (2,), least corner of a patch, px.
        highest: float32, (2,), largest.
    """

    grey: Tensor
    around: Tensor
    lowest: Tensor
    highest: Tensor


@dataclass(frozen=True)
class Matcher:
    """The sizes that matching needs.

    Attributes:
        side: Of a patch, px.
        width: Of the next picture with its border, px.
        iterations: Steps of the descent, at most.
    """

    side: int
    width: int
    iterations: int

    def best(
        self, next_: Surroundings, patches: Patches, flows: Tensor, there: Sequence[Tensor]
    ) -> tuple[Tensor, Tensor]:
        """Choose the flow that fits best, by squared differences less their mean.

        Args:
            next_: The next picture.
            patches: Of this picture.
            flows: float32, (N, 1 + C, K, 2), px; the first holds where no other is better.
            there: Of the C others and maybe more, float32, (K,), 1 where there is one.

        Returns:
            float32, (N, K, 2), and how the pictures differ there, (N, K, P).
        """
        grey = patches.grey.unsqueeze(1)
        differences = self._difference(next_, patches._replace(grey=grey), flows)
        (flow, *others), (difference, *differing), (error, *errors) = (
            each.unbind(1) for each in (flows, differences, self._error(differences))
        )
        for other, differs, wrong, is_there in zip(others, differing, errors, there, strict=False):
            is_better = (wrong < error) & (is_there > 0)
            flow = torch.where(is_better.unsqueeze(2), other, flow)
            difference = torch.where(is_better.unsqueeze(2), differs, difference)
            error = torch.where(is_better, wrong, error)
        return flow, difference

    def descend(
        self, next_: Surroundings, patches: Patches, start: Tensor, difference: Tensor
    ) -> Tensor:
        """Follow the gradient from a flow on, while it gets better.

        Args:
            next_: The next picture.
            patches: Of this picture.
            start: float32, (N, K, 2), px.
            difference: Of the pictures there, float32, (N, K, P).

        Returns:
            float32, (N, K, 2); `start` where that moved by more than a patch.
        """
        before = self._error(difference)
        flow, goes_on = start - _step(difference, patches), torch.ones_like(before)
        for _ in range(self.iterations - 1):
            difference = self._difference(next_, patches, flow)
            error = self._error(difference)
            flow = flow - _step(difference, patches) * goes_on.unsqueeze(2)
            goes_on, before = goes_on * (error < before).to(error.dtype), error
        way = flow - start
        is_near = (way * way).sum(2, keepdim=True) <= self.side**2
        return torch.where(is_near, flow, start)

    def _difference(self, next_: Surroundings, patches: Patches, flow: Tensor) -> Tensor:
        """The next picture where flow says, less this one, float32, (N, ..., K, P)."""
        more = self.side + 1
        place = torch.minimum(torch.maximum(patches.corners + flow, next_.lowest), next_.highest)
        whole = torch.floor(place)
        right, down = torch.split((place - whole).unsqueeze(-1), 1, -2)
        x, y = torch.split(whole, 1, -1)
        numbers = (y * self.width + x).to(torch.int64) + next_.around
        grey = torch.gather(next_.grey, 1, numbers.flatten(1))
        grey = grey.reshape(-1, *flow.shape[1:-1], more, more)
        grey = _between(grey[..., :-1, :], grey[..., 1:, :], down)
        grey = _between(grey[..., :-1], grey[..., 1:], right)
        return grey.flatten(-2) - patches.grey

    def _error(self, difference: Tensor) -> Tensor:
        total = difference.sum(-1)
        return (difference * difference).sum(-1) - total * total * (1 / self.side**2)


def _between(one: Tensor, other: Tensor, share: Tensor) -> Tensor:
    return one + (other - one) * share


def _step(difference: Tensor, patches: Patches) -> Tensor:
    x, y = torch.split((difference.unsqueeze(2) * patches.gradients).sum(3), 1, 2)
    xx, xy, yy = torch.split(patches.inverse, 1, 2)
    return torch.cat([xx * x + xy * y, xy * x + yy * y], 2)
