"""Dense inverse search: the optical flow of `cv2.DISOpticalFlow` as tensor operations.

Kroeger et al., "Fast Optical Flow using Dense Inverse Search", ECCV 2016, in the form that OpenCV
gave it: with spatial propagation and mean normalisation, and a variational refinement.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from edge_vad.errors import WrongUse
from edge_vad.motion.extractor import MotionSettings
from edge_vad.motion.flow_code import code_of
from edge_vad_export.motion.densify import Densification
from edge_vad_export.motion.patches import PatchGrid
from edge_vad_export.motion.pyramid import AreaShrink, Size, level_sizes
from edge_vad_export.motion.refinement import Refinement
from edge_vad_export.motion.search import PatchSearch

_CODE = code_of("4")


class DisFlow(nn.Module):
    """Optical flow between pictures of one size, as the settings of a scene say.

    It is OpenCV's flow but for the order in which numbers are added up: that now and then turns a
    comparison of two patches around.

    Args:
        height: Rows of the pictures.
        width: Columns of the pictures.
        settings: Of the scene's motion.

    Raises:
        WrongUse: The pictures are too small, or their flow is to be another than this.
    """

    def __init__(self, height: int, width: int, settings: MotionSettings) -> None:
        super().__init__()
        _refuse_other_code(settings.code)
        sizes = level_sizes(height, width, settings)
        self.size, self.enlarged = (height, width), float(2**settings.finest_scale)
        before = ((height, width), *sizes[:-1])
        self.shrinks = nn.ModuleList(map(AreaShrink, before, sizes))
        self.sizes = sizes
        self.levels = nn.ModuleList(_Level(size, settings) for size in sizes)

    def forward(self, picture: Tensor, next_: Tensor) -> Tensor:
        """Measure how pictures move.

        Args:
            picture: float32, (N, 1, height, width), grey levels, 0 to 255 in whole numbers.
            next_: The same, of the pictures after.

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
            flow = level(*pair, 2 * _resized(flow, size))
        return self.enlarged * _resized(flow, self.size)


class _Level(nn.Module):
    """One level of the pyramid."""

    def __init__(self, size: Size, settings: MotionSettings) -> None:
        super().__init__()
        grid = PatchGrid(size, settings.patch_size, settings.patch_stride)
        self.search = PatchSearch(grid, settings.iterations)
        self.densify = Densification(grid)
        self.refine = Refinement(size, settings) if settings.refinements else None

    def forward(self, picture: Tensor, next_: Tensor, coarse: Tensor) -> Tensor:
        """From the flow of the coarser level to that of this one, (N, 2, h, w), px."""
        flow: Tensor = self.densify(picture, next_, self.search(picture, next_, coarse))
        return flow if self.refine is None else self.refine(picture, next_, flow)


def _refuse_other_code(code: str) -> None:
    if code != _CODE:
        raise WrongUse(
            f"the scene's motion was measured by {code[:60]}, and a graph can do {_CODE} alone",
            "train the scene with that, or export without --motion-in-graph",
        )


def _resized(flow: Tensor, size: Size) -> Tensor:
    return flow if flow.shape[2:] == size else F.interpolate(flow, size, mode="bilinear")
