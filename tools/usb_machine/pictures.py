"""What the USB camera films: the simulated street."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_vad.opencv import cv2
from edge_vad.sources.opening import open_source
from usb_machine.modes import Mode, write_modes

FPS, FRAMES, RAW_FRAMES = 10, 300, 100
STREET = f"test://street?seed=1&size=640x480&fps={FPS}&frames={FRAMES}"
_SMALL = (320, 240)


def write_street(folder: Path) -> None:
    """Write it as a camera offers it: motion JPEG in two sizes, raw in one."""
    large = [frame.image.copy() for frame in open_source(STREET)]
    small = [cv2.resize(image, _SMALL, interpolation=cv2.INTER_AREA) for image in large]
    write_modes(
        folder,
        [
            Mode("MJPG", 640, 480, FPS, [_jpeg(image) for image in large]),
            Mode("MJPG", *_SMALL, FPS, [_jpeg(image) for image in small]),
            Mode("YUYV", *_SMALL, FPS, [_raw(image) for image in small[:RAW_FRAMES]]),
        ],
    )


def _jpeg(image: NDArray[np.uint8]) -> bytes:
    return bytes(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 85])[1])


def _raw(image: NDArray[np.uint8]) -> bytes:
    return bytes(cv2.cvtColor(image, cv2.COLOR_BGR2YUV_YUY2))
