"""The inverse search of DIS: the flow of each patch of one pyramid level."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from edge_vad_export.motion.patches import PatchGrid, square, wavefront

_BORDER = 16
"""Px by which OpenCV repeats the edge of the next picture."""
_SINGULAR = 1e-3
"""Determinant that a structure tensor has at least."""
_SOBEL = ((-1.0, 0.0, 1.0), (-2.0, 0.0, 2.0), (-1.0, 0.0, 1.0))


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
    """Compares patches of a picture with places in the next one, and moves them downhill.

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


class PatchSearch(nn.Module):
    """Finds the flow of every patch by descent, from where its neighbours are or by itself.

    With propagation it goes over the patches twice, from the first to the last and back, with half
    of the iterations each; without, all patches go at once, and only once.

    Args:
        grid: The patches.
        iterations: Of the descent, together.
        propagation: Whether flow spreads from patch to patch.
    """

    corners: Tensor
    pixels: Tensor
    middles: Tensor
    sobel: Tensor
    around: Tensor
    lowest: Tensor
    highest: Tensor

    def __init__(self, grid: PatchGrid, iterations: int, *, propagation: bool = True) -> None:
        super().__init__()
        self.grid = grid
        height, width = grid.size
        passes = 2 if propagation else 1
        matcher = Matcher(grid.patch, width + 2 * _BORDER, iterations // passes)
        sobel = torch.tensor(_SOBEL)
        for name, held in {
            "corners": grid.corners().to(torch.float32)[None] + _BORDER,
            "pixels": grid.pixels(),
            "middles": grid.middles(),
            "sobel": torch.stack([sobel, sobel.T])[:, None],
            "around": square(grid.patch + 1, matcher.width),
            "lowest": torch.full((2,), _BORDER - grid.patch + 1.0),
            "highest": torch.tensor([width, height]) + (_BORDER - 1.0),
        }.items():
            self.register_buffer(name, held)
        self.spreads = nn.ModuleList(
            [Spreading(grid, matcher, backward=each) for each in (False, True)]
            if propagation
            else [Descent(matcher)]
        )

    def forward(self, picture: Tensor, next_: Tensor, coarse: Tensor) -> Tensor:
        """Search.

        Args:
            picture: float32, (N, 1, h, w), grey levels.
            next_: The same, of the next picture.
            coarse: float32, (N, 2, h, w), flow of the coarser level, px.

        Returns:
            float32, (N, patches, 2), px.
        """
        patches = self._patches(picture)
        border = F.pad(next_, (_BORDER,) * 4, mode="replicate").flatten(1)
        surroundings = Surroundings(border, self.around, self.lowest, self.highest)
        flow = coarse.flatten(2).index_select(2, self.middles).transpose(1, 2)
        for spread in self.spreads:
            flow = spread(surroundings, patches, flow)
        return flow

    def _patches(self, picture: Tensor) -> Patches:
        slopes = F.conv2d(F.pad(picture, (1, 1, 1, 1), mode="reflect"), self.sobel)
        held = torch.cat([picture, slopes], 1).flatten(2).index_select(2, self.pixels)
        held = held.reshape(-1, 3, self.corners.shape[1], self.grid.patch**2)
        gradients = held[:, 1:].transpose(1, 2)
        x, y = torch.split(gradients, 1, 2)
        xx, xy, yy = ((a * b).sum(3) for a, b in ((x, x), (x, y), (y, y)))
        determinant = xx * yy - xy * xy
        is_flat = determinant.abs() < _SINGULAR
        determinant = torch.where(is_flat, torch.full_like(determinant, _SINGULAR), determinant)
        inverse = torch.cat([yy, -xy, xx], 2) / determinant
        return Patches(self.corners, held[:, 0], gradients - gradients.mean(3, True), inverse)


class Descent(nn.Module):
    """Refines the flow of every patch by itself.

    Args:
        matcher: Sizes.
    """

    def __init__(self, matcher: Matcher) -> None:
        super().__init__()
        self.matcher = matcher

    def forward(self, next_: Surroundings, patches: Patches, flow: Tensor) -> Tensor:
        """From where flow, float32, (N, patches, 2), px, begins."""
        start = self.matcher.best(next_, patches, flow.unsqueeze(1), ())
        return self.matcher.descend(next_, patches, *start)


class Spreading(nn.Module):
    """Goes over the patches once: each takes the best flow of those before it, and descends.

    Args:
        grid: The patches.
        matcher: Sizes.
        backward: From the last patch to the first.
    """

    order: Tensor
    places: Tensor
    has_left: Tensor
    has_above: Tensor

    def __init__(self, grid: PatchGrid, matcher: Matcher, *, backward: bool) -> None:
        super().__init__()
        self.stripes, self.lanes, self.matcher = grid.stripes, grid.stripes * grid.depth, matcher
        for name, held in wavefront(grid, backward=backward).items():
            self.register_buffer(name, held)

    def forward(self, next_: Surroundings, patches: Patches, flow: Tensor) -> Tensor:
        """Spread flow, float32, (N, patches, 2), px, over the patches, and refine it."""
        over = [self._by_step(each) for each in (*patches, flow)]
        over += [self.has_left.clone(), self.has_above.clone()]
        start = torch.zeros_like(flow[:, : self.lanes], memory_format=torch.contiguous_format)

        def step(before: Tensor, *given: Tensor) -> list[Tensor]:
            *held, own, left, above = given[:7]
            around, those = Surroundings(*given[7:]), Patches(*held)
            flows = torch.stack(self._candidates(own, before), 1)
            best = self.matcher.best(around, those, flows, [left, above])
            found = self.matcher.descend(around, those, *best).contiguous()
            return [found, found.clone()]

        _, found = torch.ops.higher_order.scan(step, [start], over, tuple(next_))
        spread: Tensor = found.transpose(0, 1).flatten(1, 2).index_select(1, self.places)
        return spread

    def _by_step(self, held: Tensor) -> Tensor:
        """From (N, patches, ...) to (steps, N, lanes, ...)."""
        steps = self.has_left.shape[0]
        picked = held.index_select(1, self.order)
        return picked.reshape(-1, steps, self.lanes, *held.shape[2:]).transpose(0, 1)

    def _candidates(self, own: Tensor, before: Tensor) -> list[Tensor]:
        """Flow so far, of the patch before and of the one above, (N, lanes, 2)."""
        if self.lanes == self.stripes:  # of one row each
            return [own, before]
        first, kept = before[:, : self.stripes], before[:, : self.lanes - self.stripes]
        return [own, before, torch.cat([first, kept], 1)]
