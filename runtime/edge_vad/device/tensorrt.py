"""TensorRT and TensorRT-RTX, which share one API: their names, and their Python modules."""

from __future__ import annotations

import ctypes
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Literal

Target = Literal["tensorrt", "rtx"]
TARGET_NAMES: dict[str, str] = {"tensorrt": "TensorRT", "rtx": "TensorRT-RTX"}
RTX_CAPABILITIES = ("7.5", "8.0", "8.6", "8.9", "12.0", "12.1")
"""Compute capabilities that TensorRT-RTX builds for."""

_RTX_LIBRARIES = "onnxruntime_ep_nv_tensorrt_rtx"
"""A package that brings the libraries of TensorRT-RTX, for bindings that come without."""


def import_library(target: Target) -> ModuleType:
    """Import the Python module of a target, of whatever version; raises what that raises."""
    if target == "tensorrt":
        return import_module("tensorrt")
    if find_spec("tensorrt_rtx"):
        return import_module("tensorrt_rtx")
    package = find_spec(_RTX_LIBRARIES)
    if package and package.origin:
        folder = Path(package.origin).parent
        for pattern in ("libtensorrt_rtx.so.*", "libtensorrt_onnxparser_rtx.so.*"):
            for library in folder.glob(pattern):
                ctypes.CDLL(str(library), ctypes.RTLD_GLOBAL)
    return import_module("tensorrt_rtx_bindings")
