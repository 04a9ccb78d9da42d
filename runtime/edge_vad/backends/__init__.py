"""What runs a scene model's graph."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from edge_vad.backends.base import (
    AnyInput,
    Backend,
    CameraHandle,
    CameraInput,
    ModelInput,
    ModelOutput,
    StageHook,
    no_hook,
    with_motion,
)
from edge_vad.backends.triton.address import FORM, is_address, parse_address
from edge_vad.errors import WrongUse

if TYPE_CHECKING:  # a backend is asked for its version where OpenCV is absent, too
    from edge_vad.scene_model import SceneModel

__all__ = [
    "BACKENDS",
    "AnyInput",
    "Backend",
    "CameraHandle",
    "CameraInput",
    "ModelInput",
    "ModelOutput",
    "StageHook",
    "check_name",
    "load_backend",
    "no_hook",
    "with_motion",
]

BACKENDS = (
    "onnxruntime",
    "onnxruntime-cuda",
    "onnxruntime-tensorrt",
    "onnxruntime-openvino",
    "tensorrt",
    "tensorrt-pycuda",
    "tensorrt-rtx",
    "auto",
)
"""Names of the backends, the default first; `auto` takes the fastest that works, and says so."""


def load_backend(
    model: SceneModel,
    name: str = "onnxruntime",
    *,
    threads: int | None = None,
    engine: Path | None = None,
    rebuild: bool = False,
) -> Backend:
    """Load a scene model into the backend that was asked for.

    Args:
        model: The scene model.
        name: One of `BACKENDS`, or the address of a server: `triton://HOST:8001/SCENE`.
        threads: CPU threads; one for small frames, all cores for others when None.
        engine: The engine to run; the one beside the scene model for this device when None.
        rebuild: Build the engine anew where it does not belong here or is missing.

    Raises:
        WrongUse: There is no backend of this name.
        Unavailable: The backend is not on this machine; never replaced by another in silence.
        ServerAway: The server cannot be reached.
        BadModel: The backend refuses the graph.
    """
    if name == "auto":
        from edge_vad.backends.choice import choose_backend

        return choose_backend(
            lambda each: load_backend(model, each, threads=threads, rebuild=rebuild)
        )
    if is_address(name):
        if engine or rebuild:
            raise WrongUse(
                "engines are for backends of this machine",
                "put the engine into the server's repository: edge-vad export --engine --triton",
            )
        return _on_server(model, name, threads)
    check_name(name)
    if name in ("tensorrt", "tensorrt-pycuda", "tensorrt-rtx"):
        from edge_vad.backends.tensorrt import TensorRtBackend

        return TensorRtBackend(
            model,
            "rtx" if name == "tensorrt-rtx" else "tensorrt",
            cuda="pycuda" if name == "tensorrt-pycuda" else "cuda-bindings",
            engine=engine,
            rebuild=rebuild,
        )
    from edge_vad.backends.onnxruntime import OnnxRuntimeBackend

    return OnnxRuntimeBackend(model, threads, name)


def check_name(name: str) -> None:
    """See to it that there is a backend of this name, or that it is the address of a server.

    Raises:
        WrongUse: There is none, or it is no address.
    """
    if is_address(name):
        parse_address(name)
    elif name not in BACKENDS:
        raise WrongUse(
            f"there is no backend {name!r}", f"choose one of: {', '.join(BACKENDS)}; or {FORM}"
        )


def _on_server(model: SceneModel, address: str, threads: int | None) -> Backend:
    from edge_vad.backends.triton.backend import TritonBackend

    where = parse_address(address)
    here = partial(load_backend, model, threads=threads) if where.falls_back else None
    return TritonBackend(model, where, here)
