"""Puts scene models on disk."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

from edge_vad.errors import BadInput, CheckFailed
from edge_vad.files.atomic import write_whole
from edge_vad.scene_file import append_digest
from edge_vad.scene_model import METADATA_KEY, SceneModel
from edge_vad_export.conversion import ConvertedScene


def place(made: ConvertedScene, path: Path) -> SceneModel:
    """Write a scene model with its card, and read it again as its users will.

    Raises:
        BadInput: The place cannot be written.
    """
    del made.graph.metadata_props[:]
    made.graph.metadata_props.add(key=METADATA_KEY, value=made.card.encode())
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, append_digest(made.graph.SerializeToString()))
    except OSError as error:
        raise BadInput(
            f"{path} cannot be written ({error.strerror})", "give an --out that can be written"
        ) from None
    return SceneModel.read(path)


def stage(made: ConvertedScene, folder: Path) -> SceneModel:
    """Write a scene model into a folder for what passes."""
    inside = ".motion" if made.card.motion_inside else ""
    return place(made, folder / f"{made.card.precision}{inside}.onnx")


def reject(made: ConvertedScene, out: Path, why: str) -> NoReturn:
    """Keep a scene model under a name that nobody takes for a good one.

    Raises:
        CheckFailed: Always, with the reason.
    """
    rejected = out.with_name(f"{out.name}.rejected")
    place(made, rejected)
    raise CheckFailed(
        why, f"keep to single precision, or allow more; the file is kept as {rejected}"
    )
