"""What runs a scene model's graph."""

from __future__ import annotations

from edge_vad.backends.base import Backend, Inputs, Maps
from edge_vad.errors import WrongUse
from edge_vad.scene_model import SceneModel

__all__ = ["BACKENDS", "Backend", "Inputs", "Maps", "load_backend"]

BACKENDS = ("onnxruntime",)


def load_backend(
    model: SceneModel, name: str = "onnxruntime", *, threads: int | None = None
) -> Backend:
    """Load a scene model into the backend that was asked for.

    Args:
        model: The scene model.
        name: One of `BACKENDS`.
        threads: CPU threads; all cores when None.

    Raises:
        WrongUse: There is no backend of this name.
        Unavailable: The backend is not on this machine; never replaced by another in silence.
        BadModel: The backend refuses the graph.
    """
    if name == "onnxruntime":
        from edge_vad.backends.onnxruntime import OnnxRuntimeBackend

        return OnnxRuntimeBackend(model, threads)
    raise WrongUse(f"there is no backend {name!r}", f"choose one of: {', '.join(BACKENDS)}")
