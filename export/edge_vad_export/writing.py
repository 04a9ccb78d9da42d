"""Puts scene models on disk."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from edge_vad.atomic import write_whole
from edge_vad.scene_model import METADATA_KEY, SceneCard

if TYPE_CHECKING:
    import onnx


def embed_card(model: onnx.ModelProto, card: SceneCard) -> None:
    """Put the scene's card into the model's metadata."""
    del model.metadata_props[:]
    model.metadata_props.add(key=METADATA_KEY, value=card.encode())


def write_model(model: onnx.ModelProto, path: Path) -> None:
    """Write a model to a file, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, model.SerializeToString())
