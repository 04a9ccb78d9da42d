"""The driver's optical-flow library: its structures, its functions and what its codes mean.

Written down from the interface that NVIDIA publishes under the BSD licence, version 2.0
(NVIDIA/NVIDIAOpticalFlowSDK). The driver keeps serving it: newer ones are backward compatible.
"""

from __future__ import annotations

import ctypes
from ctypes import POINTER, c_uint32, c_uint64, c_void_p
from typing import Any

from edge_vad.errors import Unavailable

LIBRARY = "libnvidia-opticalflow.so.1"
VERSION = 2 << 4
"""Major version times 16, plus the minor one."""

OPTICAL_FLOW, SLOW = 1, 5
"""The mode, and the level of performance that gives the best vectors."""

INPUT, OUTPUT = 1, 2
"""What a buffer is for."""

GREY, VECTORS = 1, 5
"""Formats: 8 bit grey; two 16 bit numbers, S10.5."""

DEVICE_POINTER = 2
"""Kind of a buffer: plain device memory."""

GRIDS, WIDTH_MIN, HEIGHT_MIN, WIDTH_MAX, HEIGHT_MAX = 0, 4, 5, 6, 7
"""What can be asked of a session."""

_STATUS = (
    "success",
    "no optical-flow unit",
    "an unsupported device",
    "a device that is gone",
    "an invalid pointer",
    "an invalid parameter",
    "a call out of order",
    "another version of a structure",
    "not enough memory",
    "a session that was not initialised",
    "an unsupported feature",
    "an internal error",
)
_TOO_OLD = "install a driver of 450.51 or newer"
_SEE = "see that the NVIDIA driver and the GPU work (nvidia-smi), or use flow on the CPU"


class InitParams(ctypes.Structure):
    """How a session measures."""

    _fields_ = (
        ("width", c_uint32),
        ("height", c_uint32),
        ("out_grid", c_uint32),
        ("hint_grid", c_uint32),
        ("mode", c_uint32),
        ("performance", c_uint32),
        ("with_hints", c_uint32),
        ("with_cost", c_uint32),
        ("private", c_void_p),
        ("disparity_range", c_uint32),
        ("with_regions", c_uint32),
    )


class BufferDescriptor(ctypes.Structure):
    """What a buffer holds; sizes of outputs are in blocks."""

    _fields_ = (
        ("width", c_uint32),
        ("height", c_uint32),
        ("usage", c_uint32),
        ("format", c_uint32),
    )


class Stride(ctypes.Structure):
    """Bytes from one row of a plane to the next (`row`), as the driver names its X stride."""

    _fields_ = (("row", c_uint32), ("rows", c_uint32))


class StrideInfo(ctypes.Structure):
    """Strides of up to three planes."""

    _fields_ = (("planes", Stride * 3), ("count", c_uint32))


class ExecuteInput(ctypes.Structure):
    """The two pictures of a measurement."""

    _fields_ = (
        ("input", c_void_p),
        ("reference", c_void_p),
        ("hints", c_void_p),
        ("without_temporal_hints", c_uint32),
        ("padding", c_uint32),
        ("private", c_void_p),
        ("padding2", c_uint32),
        ("region_count", c_uint32),
        ("regions", c_void_p),
    )


class ExecuteOutput(ctypes.Structure):
    """Where the vectors of a measurement go."""

    _fields_ = (("vectors", c_void_p), ("cost", c_void_p), ("private", c_void_p))


_FUNCTIONS: dict[str, tuple[Any, ...]] = {
    "create": (c_uint32, c_void_p, POINTER(c_void_p)),
    "init": (c_uint32, c_void_p, POINTER(InitParams)),
    "create_buffer": (
        c_uint32,
        c_void_p,
        POINTER(BufferDescriptor),
        c_uint32,
        POINTER(c_void_p),
    ),
    "buffer_array": (c_void_p, c_void_p),
    "buffer_address": (c_uint64, c_void_p),
    "buffer_strides": (c_uint32, c_void_p, POINTER(StrideInfo)),
    "set_streams": (c_uint32, c_void_p, c_void_p, c_void_p),
    "execute": (c_uint32, c_void_p, POINTER(ExecuteInput), POINTER(ExecuteOutput)),
    "destroy_buffer": (c_uint32, c_void_p),
    "destroy": (c_uint32, c_void_p),
    "last_error": (c_uint32, c_void_p, c_void_p, POINTER(c_uint32)),
    "capabilities": (c_uint32, c_void_p, c_uint32, POINTER(c_uint32), POINTER(c_uint32)),
}
"""Function to what it gives and takes, in the order of the driver's table."""


class FunctionTable(ctypes.Structure):
    """Pointers to the functions, as the driver fills them in."""

    _fields_ = tuple((name, ctypes.CFUNCTYPE(*types)) for name, types in _FUNCTIONS.items())


def load_functions() -> FunctionTable:
    """Load the driver's library and have it fill in the table.

    Raises:
        Unavailable: There is no such library, or it is too old.
    """
    library = load(LIBRARY, "the NVIDIA driver's library of optical flow")
    newest = c_uint32()
    try:
        demand(library.NvOFGetMaxSupportedApiVersion(ctypes.byref(newest)), "its version")
    except AttributeError:  # it came with version 2
        newest.value = 0
    if newest.value < VERSION:
        raise Unavailable("the NVIDIA driver is too old for its optical-flow unit", _TOO_OLD)
    table = FunctionTable()
    status = library.NvOFAPICreateInstanceCuda(c_uint32(VERSION), ctypes.byref(table))
    demand(status, "the interface")
    return table


def load(name: str, what: str) -> Any:
    """Load a library of the driver.

    Raises:
        Unavailable: It is not there.
    """
    try:
        return ctypes.CDLL(name)
    except OSError:
        raise Unavailable(
            f"{what} ({name}) is not here",
            "flow units need an NVIDIA card since Turing and its driver; use flow on the CPU",
        ) from None


def demand(status: int, what: str, reason: str = "") -> None:
    """See to it that a call succeeded.

    Args:
        status: What it returned.
        what: What was asked for.
        reason: The driver's own words, where it has any.

    Raises:
        Unavailable: It did not.
    """
    if status == 0:
        return
    said = _STATUS[status] if 0 < status < len(_STATUS) else f"status {status}"
    words = f"{said}: {reason}" if reason else said
    raise Unavailable(f"the optical-flow unit refuses {what} ({words})", _SEE)
