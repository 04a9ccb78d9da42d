"""Small data sets, laid out like the real ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from scipy.io import savemat

SIZE = (24, 32)


def write_folder(folder: Path, count: int, name: str = "{:03d}.tif") -> Path:
    """Make a folder of frames."""
    folder.mkdir(parents=True)
    for number in range(1, count + 1):
        image = np.full(SIZE, number, np.uint8)
        assert cv2.imwrite(str(folder / name.format(number)), image)
    return folder


def write_masks(
    folder: Path,
    count: int,
    anomalous: range,
    name: str = "{:03d}.bmp",
    size: tuple[int, int] = SIZE,
) -> Path:
    """Make a folder of masks; those of the anomalous frames, counted from 1, have a spot."""
    folder.mkdir(parents=True)
    for number in range(1, count + 1):
        mask = np.zeros(size, np.uint8)
        if number in anomalous:
            mask[2:5, 3:9] = 255
        assert cv2.imwrite(str(folder / name.format(number)), mask)
    return folder


def write_video(path: Path, count: int, size: tuple[int, int] = SIZE) -> Path:
    """Make an avi."""
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25.0, size[::-1])
    assert writer.isOpened()
    for index in range(count):
        writer.write(np.full((*size, 3), 5 * index, np.uint8))
    writer.release()
    return path


def write_cells(
    path: Path, count: int, anomalous: range, size: tuple[int, int] = SIZE, name: str = "volLabel"
) -> Path:
    """Make a MATLAB file with a cell array of masks."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cells = np.empty((1, count), dtype=object)
    for index in range(count):
        cells[0, index] = np.zeros(size, np.uint8)
        cells[0, index][2:5, 3:9] = index + 1 in anomalous
    savemat(path, {name: cells})
    return path


@pytest.fixture
def folder() -> Callable[..., Path]:
    return write_folder


@pytest.fixture
def masks() -> Callable[..., Path]:
    return write_masks


@pytest.fixture
def video() -> Callable[..., Path]:
    return write_video


@pytest.fixture
def cells() -> Callable[..., Path]:
    return write_cells
