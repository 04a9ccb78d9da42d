"""From cells to pixels."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.interpolate import RegularGridInterpolator

from edge_vad.scene_model import Grid
from edge_vad_train.evaluation.metrics.upsampling import Upsampling

GRID = Grid(rows=4, columns=6, patch=9, stride=4)
SIZE = (23, 31)


def random_map(grid: Grid = GRID) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(grid.rows, grid.columns)).astype(np.float32)


def test_the_pixel_at_a_cells_centre_has_its_value() -> None:
    cells = random_map()
    values = Upsampling(GRID, SIZE, SIZE)(cells)
    assert values.shape == SIZE
    assert values.dtype == np.float32
    # Centres lie at 4 c + 4.
    np.testing.assert_allclose(values[4:17:4, 4:25:4], cells, rtol=1e-6)


def test_between_centres_it_is_bilinear_and_beyond_them_extended() -> None:
    cells = random_map()
    rows, columns = 4 + 4 * np.arange(4), 4 + 4 * np.arange(6)
    exact = RegularGridInterpolator((rows, columns), cells)
    down, across = np.mgrid[: SIZE[0], : SIZE[1]]
    clamped = np.stack([down.clip(4, 16), across.clip(4, 24)], axis=-1)
    np.testing.assert_allclose(Upsampling(GRID, SIZE, SIZE)(cells), exact(clamped), atol=1e-6)


def test_an_even_patch_has_its_centre_between_pixels() -> None:
    grid = Grid(rows=1, columns=2, patch=2, stride=2)
    values = Upsampling(grid, (2, 4), (2, 4))(np.array([[0, 4]], np.float32))
    # Centres at 0.5 and 2.5.
    np.testing.assert_allclose(values, [[0, 1, 3, 4], [0, 1, 3, 4]])


def test_a_single_cell_covers_the_frame() -> None:
    grid = Grid(rows=1, columns=1, patch=8, stride=4)
    assert (Upsampling(grid, (16, 16), (5, 7))(np.full((1, 1), 2.5, np.float32)) == 2.5).all()


def test_frames_of_another_size_are_the_models_frame_stretched() -> None:
    cells = random_map()
    small = Upsampling(GRID, SIZE, SIZE)(cells)
    large = Upsampling(GRID, SIZE, (3 * SIZE[0], 3 * SIZE[1]))(cells)
    # The middle one of three pixels is where the pixel itself was.
    np.testing.assert_allclose(large[1::3, 1::3], small, atol=1e-5)


def test_nothing_is_raised_above_the_highest_cell() -> None:
    cells = random_map()
    assert Upsampling(GRID, SIZE, SIZE)(cells).max() == pytest.approx(cells.max())
