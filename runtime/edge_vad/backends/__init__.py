"""What runs a scene model's graph."""

from __future__ import annotations

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
        name: One of `BACKENDS`.
        threads: CPU threads; one for small frames, all cores for others when None.
        engine: The engine to run; the one beside the scene model for this device when None.
        rebuild: Build the engine anew where it does not belong here or is missing.

    Raises:
        WrongUse: There is no backend of this name.
        Unavailable: The backend is not on this machine; never replaced by another in silence.
        BadModel: The backend refuses the graph.
    """
    if name == "auto":
        from edge_vad.backends.choice import choose_backend

        return choose_backend(
            lambda each: load_backend(model, each, threads=threads, rebuild=rebuild)
        )
    if name not in BACKENDS:
        raise WrongUse(f"there is no backend {name!r}", f"choose one of: {', '.join(BACKENDS)}")
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
