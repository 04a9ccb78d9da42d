"""Opens a scene: reads its model, and loads it into what runs it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from edge_vad import engine_file
from edge_vad.backends import BACKENDS, Backend, load_backend
from edge_vad.scene_model import SceneModel


class OpenScene(NamedTuple):
    """A scene that is ready to score frames.

    Attributes:
        model: The scene model.
        backend: What runs its graph; to be closed.
    """

    model: SceneModel
    backend: Backend


def open_scene(
    path: str | Path,
    backend: str = BACKENDS[0],
    *,
    threads: int | None = None,
    rebuild: bool = False,
) -> OpenScene:
    """Open a scene model, or the engine beside one.

    Args:
        path: The scene model, `scene.onnx`, or an engine that lies beside it.
        backend: What runs it.
        threads: CPU threads; one for small frames, all cores for others when None.
        rebuild: Build the engine anew where it does not belong here or is missing.

    Raises:
        BadModel: The file is broken, foreign or too new.
        Unavailable: The backend is not on this machine.
        WrongUse: There is no such backend.
    """
    engine = None
    if Path(path).suffix == engine_file.SUFFIX:
        engine = Path(path)
        path, backend = engine_file.resolve(engine, backend)
    model = SceneModel.read(path)
    return OpenScene(
        model, load_backend(model, backend, threads=threads, engine=engine, rebuild=rebuild)
    )
