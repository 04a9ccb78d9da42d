"""What identifies the device that an engine is built for.

Asks the driver's libraries and the system's files directly, so that it answers on a machine where
nothing is installed. What is absent is None; nothing here raises.
"""

from __future__ import annotations

import ctypes
import re
from functools import cache
from pathlib import Path

import msgspec

from edge_vad.device.tensorrt import Target, import_library

_MAJOR, _MINOR = 75, 76
"""CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR and _MINOR."""

_L4T = re.compile(r"# R(\d+) \(release\), REVISION: ([\d.]+)")
_DRIVER = re.compile(r"Kernel Module.*?(\d+(?:\.\d+)+)")


class DeviceFingerprint(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A GPU and the software around it.

    Attributes:
        gpu: Name of the first CUDA device, such as `NVIDIA GeForce RTX 4090`.
        compute_capability: Such as `8.9`.
        driver: Version of the NVIDIA driver.
        cuda: Newest CUDA version that the driver serves.
        tensorrt: Version of TensorRT.
        tensorrt_rtx: Version of TensorRT-RTX.
        jetson: Model of the Jetson.
        l4t: Version of Jetson Linux, such as `36.4.3`.
    """

    gpu: str | None = None
    compute_capability: str | None = None
    driver: str | None = None
    cuda: str | None = None
    tensorrt: str | None = None
    tensorrt_rtx: str | None = None
    jetson: str | None = None
    l4t: str | None = None


def read_fingerprint() -> DeviceFingerprint:
    """Read this machine's fingerprint; imports TensorRT and TensorRT-RTX where they are."""
    gpu, compute_capability, cuda = _ask_cuda()
    return DeviceFingerprint(
        gpu=gpu,
        compute_capability=compute_capability,
        driver=read_driver(),
        cuda=cuda,
        tensorrt=_library_version("tensorrt"),
        tensorrt_rtx=_library_version("rtx"),
        jetson=read_jetson(),
        l4t=read_l4t(),
    )


def read_compute_capability() -> str | None:
    """Compute capability of the first CUDA device, such as `8.9`; imports nothing."""
    return _ask_cuda()[1]


def read_driver(root: Path = Path("/")) -> str | None:
    """Version of the NVIDIA driver, as the kernel tells it."""
    found = _DRIVER.search(_read_text(root / "proc/driver/nvidia/version"))
    return found[1] if found else None


def read_jetson(root: Path = Path("/")) -> str | None:
    """Model of the board, when it is a Jetson."""
    model = _read_text(root / "proc/device-tree/model").strip("\0\n ")
    return model if "jetson" in model.lower() else None


def read_l4t(root: Path = Path("/")) -> str | None:
    """Version of Jetson Linux."""
    found = _L4T.search(_read_text(root / "etc/nv_tegra_release"))
    return f"{found[1]}.{found[2]}" if found else None


@cache
def _ask_cuda() -> tuple[str | None, str | None, str | None]:
    """Name and compute capability of the first device, and the driver's CUDA version."""
    try:
        cuda = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return None, None, None
    number = ctypes.c_int()
    version = None
    if cuda.cuDriverGetVersion(ctypes.byref(number)) == 0:
        version = f"{number.value // 1000}.{number.value % 1000 // 10}"
    device = ctypes.c_int()
    if cuda.cuInit(0) != 0 or cuda.cuDeviceGet(ctypes.byref(device), 0) != 0:
        return None, None, version
    name = ctypes.create_string_buffer(256)
    cuda.cuDeviceGetName(name, len(name), device)
    capability = []
    for attribute in (_MAJOR, _MINOR):
        cuda.cuDeviceGetAttribute(ctypes.byref(number), attribute, device)
        capability.append(str(number.value))
    return name.value.decode(errors="replace"), ".".join(capability), version


def _library_version(target: Target) -> str | None:
    try:
        return str(import_library(target).__version__)
    except Exception:  # noqa: BLE001 - a library that cannot be loaded raises what it likes
        return None


def _read_text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
