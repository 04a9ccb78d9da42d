"""Tries every backend, as far as that goes without a scene."""

from __future__ import annotations

from edge_vad.backends.providers import PROVIDERS
from edge_vad.device.fingerprint import DeviceFingerprint
from edge_vad.device.tensorrt import RTX_CAPABILITIES, TARGET_NAMES, Target
from edge_vad.doctor.report import BackendState
from edge_vad.errors import EdgeVadError, Unavailable
from edge_vad.onnx_file import writer

ENGINE_BACKENDS: dict[str, Target] = {
    "tensorrt": "tensorrt",
    "tensorrt-pycuda": "tensorrt",
    "tensorrt-rtx": "rtx",
}
"""Backends that run engines, and what builds them."""

_TENSORRT_ON_JETSON = (
    "it comes with JetPack: sudo apt install python3-libnvinfer, and make the environment with "
    "python3 -m venv --system-site-packages"
)
_ABSENT = {
    "tensorrt": "run pip install 'edge-vad[tensorrt]'",
    "tensorrt-pycuda": "run pip install 'edge-vad[tensorrt,pycuda]'",
    "tensorrt-rtx": "run pip install 'edge-vad[rtx]', for RTX cards",
}
_FOR_GPU_USERS = "on a machine with an NVIDIA GPU: "


def examine_backends(device: DeviceFingerprint) -> tuple[BackendState, ...]:
    """Load every backend and see whether it starts."""
    return tuple(_examine(name, device) for name in (*PROVIDERS, *ENGINE_BACKENDS))


def find_target(device: DeviceFingerprint) -> Target | None:
    """What builds engines for this machine's GPU, and runs them; None where nothing does."""
    for name in ("tensorrt", "tensorrt-rtx"):
        if _examine(name, device).usable:
            return ENGINE_BACKENDS[name]
    return None


def _examine(name: str, device: DeviceFingerprint) -> BackendState:
    try:
        version = _try_tensorrt(name, device) if name in ENGINE_BACKENDS else _try_provider(name)
    except EdgeVadError as error:
        there = _version(name)
        return BackendState(name, False, there, error.what, _mend(name, device, there, error.todo))
    return BackendState(name, True, version)


def _mend(name: str, device: DeviceFingerprint, version: str | None, todo: str) -> str:
    """What to do on this very machine."""
    if device.jetson and name == "tensorrt-rtx":
        return "none is made for a Jetson"
    if name in ENGINE_BACKENDS and not version:
        todo = _TENSORRT_ON_JETSON if device.jetson else _ABSENT[name]
    needs_gpu = name in ENGINE_BACKENDS or PROVIDERS[name].memory == "cuda"
    return _FOR_GPU_USERS + todo if needs_gpu and not device.gpu else todo


def _try_provider(name: str) -> str:
    """Run a graph of one node; a provider that is listed need not load."""
    from edge_vad.backends.onnxruntime import VERSION, open_session

    open_session(PROVIDERS[name], _PROBE, threads=1)
    return VERSION


def _try_tensorrt(name: str, device: DeviceFingerprint) -> str:
    from edge_vad.backends.cuda import open_cuda
    from edge_vad.backends.tensorrt_library import load_library

    library = load_library(ENGINE_BACKENDS[name])
    if device.compute_capability is None:
        raise Unavailable(
            f"{TARGET_NAMES[library.target]} is here, but no NVIDIA GPU that CUDA can use",
            "see that its driver works (nvidia-smi)",
        )
    if library.target == "rtx" and device.compute_capability not in RTX_CAPABILITIES:
        raise Unavailable(
            f"TensorRT-RTX is not for the compute capability {device.compute_capability}",
            "use --backend tensorrt",
        )
    open_cuda("pycuda" if name == "tensorrt-pycuda" else "cuda-bindings").close()
    return library.version


def _version(name: str) -> str | None:
    """Version of a library that is here, though it cannot be used."""
    if name not in ENGINE_BACKENDS:
        return None
    from edge_vad.device.tensorrt import import_library

    try:
        return str(import_library(ENGINE_BACKENDS[name]).__version__)
    except Exception:  # noqa: BLE001 - a library that cannot be loaded raises what it likes
        return None


_PROBE = writer.model(
    [writer.node("Add", ["x", "x"], "y")],
    [writer.value("x", "float32", [1, 4])],
    [writer.value("y", "float32", [1, 4])],
)
