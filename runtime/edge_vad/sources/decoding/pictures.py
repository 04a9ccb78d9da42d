"""Pictures from files, in the one form that everything here takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from edge_vad.files.bounded import read_bounded
from edge_vad.opencv import cv2
from edge_vad.sources.decoding.picture_size import LARGEST_FILE, is_within_limits


def read_picture(path: Path) -> NDArray[np.uint8] | None:
    """Read a picture of any depth as blue-green-red; transparency is dropped.

    Returns:
        uint8, (height, width, 3), contiguous; None where the file is broken or cut short.
    """
    return _read(path, cv2.IMREAD_COLOR)


def read_grey(path: Path) -> NDArray[np.uint8] | None:
    """Read a picture of any depth as grey.

    Returns:
        uint8, (height, width), contiguous; None where the file is broken or cut short.
    """
    return _read(path, cv2.IMREAD_GRAYSCALE)


def as_bgr(image: NDArray[Any]) -> NDArray[np.uint8]:
    """Turn a grey, 16 bit or transparent image into blue-green-red; others pass uncopied.

    Args:
        image: uint8 or uint16, (height, width) or (height, width, 1, 3 or 4).

    Returns:
        uint8, (height, width, 3), contiguous.
    """
    if image.dtype == np.uint16:
        image = image >> 8
    if image.ndim == 2:
        image = image[:, :, np.newaxis]
    if image.shape[2] == 1:
        image = np.repeat(image, 3, axis=2)
    return np.ascontiguousarray(image[:, :, :3], dtype=np.uint8)


def decode_picture(data: bytes, mode: int = cv2.IMREAD_COLOR) -> NDArray[np.uint8] | None:
    """Decode a picture whose size its header says is bearable.

    Args:
        data: A PNG, JPEG, BMP or TIFF file.
        mode: Of OpenCV.

    Returns:
        uint8, (height, width, 3) or (height, width); None where it is broken, cut short or too
        large.
    """
    if not is_within_limits(data) or _is_cut_jpeg(data):
        return None
    try:
        # imread would fill the rest of a broken file with grey, imdecode refuses it.
        return cast(
            "NDArray[np.uint8] | None", cv2.imdecode(np.frombuffer(data, dtype=np.uint8), mode)
        )
    except (cv2.error, MemoryError):
        return None


def _read(path: Path, mode: int) -> NDArray[np.uint8] | None:
    try:
        return decode_picture(read_bounded(path, LARGEST_FILE), mode)
    except OSError:
        return None


def _is_cut_jpeg(data: bytes) -> bool:
    """Whether the end marker is missing after the last scan, where older OpenCV fills with grey."""
    is_jpeg = data.startswith(b"\xff\xd8")
    return is_jpeg and data.find(b"\xff\xd9", max(data.rfind(b"\xff\xda"), 0)) < 0
