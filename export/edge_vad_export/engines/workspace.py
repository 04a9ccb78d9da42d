"""How much memory the layers of an engine may use, from what is free now."""

from __future__ import annotations

import ctypes
import re
from pathlib import Path

from edge_vad.device.fingerprint import DeviceFingerprint

SHARE = 0.5
"""Part of the free memory that one layer may use; the builder needs some besides."""

_AVAILABLE = re.compile(r"^MemAvailable:\s+(\d+) kB", re.MULTILINE)
_FALLBACK = 2**30


def workspace_limit(device: DeviceFingerprint, is_here: bool) -> int:
    """Bytes that a layer may use while it runs.

    A Jetson's GPU shares the memory of the whole system, so what is available there counts. For a
    device that is elsewhere nothing is known, and a gibibyte is allowed.
    """
    if not is_here:
        return _FALLBACK
    free = free_system_memory() if device.jetson else _free_gpu_memory()
    return int((free or _FALLBACK) * SHARE)


def free_system_memory(meminfo: Path = Path("/proc/meminfo")) -> int | None:
    """Bytes that the system can give without swapping."""
    try:
        found = _AVAILABLE.search(meminfo.read_text())
    except OSError:
        return None
    return int(found[1]) * 1024 if found else None


def _free_gpu_memory() -> int | None:
    """Free bytes of the first device, asked of the driver itself; None when it does not say."""
    try:
        cuda = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return None
    device, context = ctypes.c_int(), ctypes.c_void_p()
    free, total = ctypes.c_size_t(), ctypes.c_size_t()
    if cuda.cuInit(0) or cuda.cuDeviceGet(ctypes.byref(device), 0):
        return None
    if cuda.cuDevicePrimaryCtxRetain(ctypes.byref(context), device):
        return None
    try:
        if cuda.cuCtxPushCurrent_v2(context):
            return None
        status = cuda.cuMemGetInfo_v2(ctypes.byref(free), ctypes.byref(total))
        cuda.cuCtxPopCurrent_v2(ctypes.byref(context))
    finally:
        cuda.cuDevicePrimaryCtxRelease_v2(device)
    return None if status else free.value
