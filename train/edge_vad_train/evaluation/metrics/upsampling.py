"""From cells to pixels: an anomaly map at the size of the frame."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_vad.scene_model import Grid

Pixels = NDArray[np.float32]
Size = tuple[int, int]


class Upsampling:
    """Bilinear interpolation between the centres of cells.

    The centre of cell (row, column) lies at `row * stride + (patch - 1) / 2` and likewise across,
    in px of the model's frame. Pixels outside the outermost centres take the value of the nearest
    place between them. Nothing is dilated.

    Args:
        grid: Where the cells lie in the model's frame.
        model_size: Height and width of the model's frame.
        frame_size: Height and width of the result; the model's frame is stretched to it.
    """

    def __init__(self, grid: Grid, model_size: Size, frame_size: Size) -> None:
        self._down = _weights(grid.rows, grid, model_size[0], frame_size[0])
        self._across = _weights(grid.columns, grid, model_size[1], frame_size[1]).T

    def __call__(self, anomaly_map: NDArray[np.float32]) -> Pixels:
        """Upsample a map.

        Args:
            anomaly_map: float32, (rows, columns).

        Returns:
            float32, (height, width) of the frame.
        """
        values: Pixels = np.matmul(np.matmul(self._down, anomaly_map), self._across)
        return values


def _weights(cells: int, grid: Grid, model_pixels: int, pixels: int) -> NDArray[np.float32]:
    """How much each cell counts in each pixel along one axis, (pixels, cells)."""
    in_model = (np.arange(pixels) + 0.5) * model_pixels / pixels - 0.5
    in_cells = np.clip((in_model - (grid.patch - 1) / 2) / grid.stride, 0, cells - 1)
    distance = np.abs(in_cells[:, None] - np.arange(cells))
    weights: NDArray[np.float32] = np.maximum(0, 1 - distance).astype(np.float32)
    return weights
