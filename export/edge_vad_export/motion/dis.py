"""Dense inverse search: the optical flow of `cv2.DISOpticalFlow` as tensor operations.

Kroeger et al., "Fast Optical Flow using Dense Inverse Search", ECCV 2016, in the form that OpenCV
gave it: with mean normalisation and a variational refinement, with or without spatial propagation.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from edge_vad.errors import WrongUse
from edge_vad.motion.extractor import MotionSettings, for_long_steps
from edge_vad.motion.flow_code import code_of
from edge_vad_export.motion.patches import PatchGrid
from edge_vad_export.motion.pyramid import AreaShrink, Size, level_sizes
from edge_vad_export.motion.refinement import Refinement
from edge_vad_export.motion.search import PatchSearch

_CODE = code_of("4")

_INSIDE = 1e-3
"""Px by which a place stays inside of the picture."""


class DisFlow(nn.Module):
    """Optical flow between pictures of one size, as the settings of a scene say.

    It is OpenCV's flow but for the order in which numbers are added up: that now and then turns a
    comparison of two patches around.

    Args:
        height: Rows of the pictures.
        width: Columns of the pictures.
        settings: Of the scene's motion.
        long_steps: Whether it can measure pictures that are far apart in time, too, as
            `for_long_steps` says. A graph has no branches: it searches twice and refines once.

    Raises:
        WrongUse: The pictures are too small, or their flow is to be another than this.
    """

    def __init__(
        self, height: int, width: int, settings: MotionSettings, *, long_steps: bool = False
    ) -> None:
        super().__init__()
        _refuse_other_code(settings.code)
        far = for_long_steps(settings) if long_steps else None
        usual_sizes = level_sizes(height, width, settings)
        self.sizes = level_sizes(height, width, far) if far else usual_sizes
        self.size, self.enlarged = (height, width), float(2**settings.finest_scale)
        before = ((height, width), *self.sizes[:-1])
        self.shrinks = nn.ModuleList(map(AreaShrink, before, self.sizes))
        self.levels = nn.ModuleList(
            _Level(size, settings if size in usual_sizes else None, far) for size in self.sizes
        )

    def forward(self, picture: Tensor, next_: Tensor, is_far: Tensor | None = None) -> Tensor:
        """Measure how pictures move.

        Args:
            picture: float32, (N, 1, height, width), grey levels, 0 to 255 in whole numbers.
            next_: The same, of the pictures after.
            is_far: bool, (N, 1, 1, 1), whether they are far apart in time; with `long_steps`.

        Returns:
            float32, (N, 2, height, width), px to the right and down.
        """
        pyramid = []
        for shrink in self.shrinks:
            picture, next_ = shrink(picture), shrink(next_)
            pyramid.append((picture, next_))
        flow = torch.zeros_like(picture).expand(-1, 2, -1, -1)
        coarse_to_fine = [*zip(self.levels, self.sizes, pyramid, strict=True)][::-1]
        for level, size, pair in coarse_to_fine:
            flow = level(*pair, 2 * _resized(flow, size), is_far)
        return self.enlarged * _resized(flow, self.size)


class _Level(nn.Module):
    """One level of the pyramid; the coarsest may be searched for long steps alone."""

    def __init__(
        self, size: Size, usual: MotionSettings | None, far: MotionSettings | None
    ) -> None:
        super().__init__()
        self.usual = _DenseSearch(size, usual) if usual else None
        self.far = _DenseSearch(size, far) if far else None
        settings = usual or far
        assert settings  # noqa: S101 - a level is there for one of them
        self.refine = Refinement(size, settings) if settings.refinements else None

    def forward(
        self, picture: Tensor, next_: Tensor, coarse: Tensor, is_far: Tensor | None
    ) -> Tensor:
        """From the flow of the coarser level to that of this one, (N, 2, h, w), px."""
        flow = coarse if self.usual is None else self.usual(picture, next_, coarse)
        if self.far is not None and is_far is not None:
            flow = torch.where(is_far, self.far(picture, next_, coarse), flow)
        if self.refine is not None:
            flow = self.refine(picture, next_, flow)
        if self.usual is None and is_far is not None:
            flow = torch.where(is_far, flow, torch.zeros_like(flow))
        return flow


class _DenseSearch(nn.Module):
    """The search, and from the flow of patches to that of pixels."""

    def __init__(self, size: Size, settings: MotionSettings) -> None:
        super().__init__()
        grid = PatchGrid(size, settings.patch_size, settings.patch_stride)
        self.search = PatchSearch(grid, settings.iterations, propagation=settings.propagation)
        self.densify = Densification(grid)

    def forward(self, picture: Tensor, next_: Tensor, coarse: Tensor) -> Tensor:
        """From the flow of the coarser level, (N, 2, h, w), px."""
        flow: Tensor = self.densify(picture, next_, self.search(picture, next_, coarse))
        return flow


class Densification(nn.Module):
    """From the flow of patches to that of pixels: means, weighted by how well each patch fits.

    Args:
        grid: The patches.
    """

    numbers: Tensor
    is_there: Tensor
    places: Tensor
    highest: Tensor

    def __init__(self, grid: PatchGrid) -> None:
        super().__init__()
        self.grid = grid
        (rows, has_row), (columns, has_column) = grid.cover(0), grid.cover(1)
        self.layers = len(rows) * len(columns)
        numbers = rows[:, None, :, None] * grid.columns + columns[None, :, None, :]
        is_there = has_row[:, None, :, None] * has_column[None, :, None, :]
        height, width = grid.size
        y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
        self.register_buffer("numbers", numbers.flatten())
        self.register_buffer("is_there", is_there.reshape(1, self.layers, height * width))
        self.register_buffer("places", torch.stack([x, y]).flatten(1)[:, None].float())
        highest = torch.tensor([width - 1.0, height - 1.0]) - torch.tensor(_INSIDE)
        self.register_buffer("highest", highest[:, None, None])

    def forward(self, picture: Tensor, next_: Tensor, flow: Tensor) -> Tensor:
        """Densify.

        Args:
            picture: float32, (N, 1, h, w), grey levels.
            next_: The same, of the next picture.
            flow: float32, (N, patches, 2), px.

        Returns:
            float32, (N, 2, h, w), px.
        """
        picked = flow.index_select(1, self.numbers).transpose(1, 2)
        flows = picked.reshape(-1, 2, self.layers, self.is_there.shape[2])
        difference = self._at(next_, flows) - picture.flatten(2)
        weight = self.is_there / difference.abs().clamp(min=1.0)
        total = (flows * weight.unsqueeze(1)).sum(2) / weight.sum(1, keepdim=True)
        return total.reshape(-1, 2, *self.grid.size)

    def _at(self, next_: Tensor, flows: Tensor) -> Tensor:
        """The next picture where flows point to, float32, (N, layers, pixels)."""
        place = torch.minimum((self.places + flows).clamp(min=0.0), self.highest)
        whole = torch.floor(place)
        right, down = (place - whole).unbind(1)
        x, y = whole.unbind(1)
        width, size = self.grid.size[1], self.is_there.shape[2]
        first = (y * width + x).to(torch.int64)
        corners = torch.stack([first, first + 1, first + width, first + width + 1], 1)
        grey = torch.gather(next_.flatten(1), 1, corners.flatten(1))
        a, b, c, d = grey.reshape(-1, 4, self.layers, size).unbind(1)
        left, up = 1 - right, 1 - down
        return right * down * d + left * down * c + right * up * b + left * up * a


def _refuse_other_code(code: str) -> None:
    if code != _CODE:
        raise WrongUse(
            f"the scene's motion was measured by {code[:60]}, and a graph can do {_CODE} alone",
            "train the scene with that, or export without --motion-in-graph",
        )


def _resized(flow: Tensor, size: Size) -> Tensor:
    return flow if flow.shape[2:] == size else F.interpolate(flow, size, mode="bilinear")
