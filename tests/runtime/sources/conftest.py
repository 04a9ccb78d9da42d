"""Small footage, made where it is needed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest


def write_frames(folder: Path, count: int, size: tuple[int, int] = (32, 24)) -> Path:
    """Make `001.png` to `NNN.png`; frame i is all of the grey level i."""
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(count):
        image = np.full((size[1], size[0], 3), index, np.uint8)
        assert cv2.imwrite(str(folder / f"{index + 1:03d}.png"), image)
    return folder


def write_video(path: Path, count: int, codec: str = "MJPG") -> Path:
    """Make a video whose frames grow lighter."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), 25.0, (64, 48))
    assert writer.isOpened()
    for index in range(count):
        image = np.full((48, 64, 3), 5 * (index % 50), np.uint8)
        cv2.putText(image, str(index), (5, 30), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (255, 255, 255))
        writer.write(image)
    writer.release()
    return path


@pytest.fixture(scope="session")
def frames() -> Callable[..., Path]:
    return write_frames


@pytest.fixture(scope="session")
def video() -> Callable[..., Path]:
    return write_video
