"""NVIDIA's VPI, as far as dense optical flow needs it, without a Jetson.

Refused as VPI refuses it: pictures in rows where blocks are wanted, another unit for that, pictures
that are too small or differ, and a chip without the unit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from types import ModuleType
from typing import Any

import numpy as np

from edge_vad.opencv import cv2

GRID = 4


class Format(Enum):
    Y8_ER = 1
    Y8_ER_BL = 2
    MOTION = 3


class Backend(Enum):
    CPU = 1
    CUDA = 2
    VIC = 4
    OFA = 8


class OptFlowQuality(Enum):
    LOW = 1
    MEDIUM = 2
    HIGH = 3


class Image:
    def __init__(self, content: Any, form: Format) -> None:
        self.content, self.format = content, form

    def convert(self, form: Format, *, backend: Backend) -> Image:
        if form is Format.Y8_ER_BL and backend is not Backend.VIC:
            raise RuntimeError("VPI_ERROR_NOT_IMPLEMENTED: only VIC lays pictures out in blocks")
        return Image(self.content.copy(), form)

    @contextmanager
    def rlock_cpu(self) -> Iterator[Any]:
        yield self.content


def simulated_vpi(*, has_unit: bool = True, turned: Callable[[Any], Any] = lambda field: field):
    """The module; `turned` changes the field before it is given out."""

    def asimage(array: Any, form: Format) -> Image:
        if array.dtype != np.uint8 or array.ndim != 2 or not array.flags.c_contiguous:
            raise ValueError("VPI_ERROR_INVALID_ARGUMENT: not a grey picture in rows")
        return Image(array, form)

    def optflow_dense(ref: Image, frame: Image, *, quality: OptFlowQuality, backend: Backend):
        if backend is not Backend.OFA or not has_unit:
            raise RuntimeError("VPI_ERROR_INVALID_OPERATION: backend hardware not available")
        if ref.format is not Format.Y8_ER_BL or frame.format is not Format.Y8_ER_BL:
            raise RuntimeError("VPI_ERROR_INVALID_IMAGE_FORMAT: blocks are wanted")
        if ref.content.shape != frame.content.shape or min(ref.content.shape) < 32:
            raise RuntimeError("VPI_ERROR_INVALID_ARGUMENT: sizes")
        flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM).calc(
            ref.content, frame.content, None
        )
        height, width = flow.shape[:2]
        rows, columns = -(-height // GRID), -(-width // GRID)
        padding = (0, rows * GRID - height), (0, columns * GRID - width), (0, 0)
        padded = np.pad(flow, padding, "edge")
        field = padded.reshape(rows, GRID, columns, GRID, 2).mean((1, 3))
        return Image(np.round(turned(field) * 32).astype(np.int16), Format.MOTION)

    module: Any = ModuleType("vpi")
    module.__version__ = "3.2.4"
    module.Format, module.Backend, module.OptFlowQuality = Format, Backend, OptFlowQuality
    module.asimage, module.optflow_dense = asimage, optflow_dense
    return module
