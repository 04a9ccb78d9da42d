"""The inverse search of DIS: the flow of each patch of one pyramid level."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from edge_vad_export.motion.matching import Matcher, Patches, Surroundings
from edge_vad_export.motion.patches import PatchGrid, square, wavefront

_BORDER = 16
"""Px by which OpenCV repeats the edge of the next picture."""
_SINGULAR = 1e-3
"""Determinant that a structure tensor has at least."""
_SOBEL = ((-1.0, 0.0, 1.0), (-2.0, 0.0, 2.0), (-1.0, 0.0, 1.0))


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
