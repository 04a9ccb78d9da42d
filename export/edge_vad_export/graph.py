"""From a trained scene to one ONNX graph."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path

import onnx
import onnxscript.optimizer
import torch

from edge_vad.scene_model import METADATA_KEY, SceneCard
from edge_vad_train.checkpoint import TrainedScene
from edge_vad_train.network import SceneOutput

OPSET = 20


def build_graph(scene: TrainedScene) -> onnx.ModelProto:
    """Trace a scene's network into an ONNX graph with a dynamic batch.

    Returns:
        A checked model: inputs `frame` uint8 (N, height, width, 3) and `motion` float32
        (N, height', width', channels); outputs as in `SceneOutput`; no metadata yet.
    """
    # torch tells of every optional package that it does not find.
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    batch = torch.export.Dim("batch", min=1, max=1024)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns of its own deprecations
        program = torch.onnx.export(
            scene.network,
            (scene.sample_frames[:2], scene.sample_motion[:2]),
            input_names=["frame", "motion"],
            output_names=list(SceneOutput._fields),
            dynamic_shapes={"frame": {0: batch}, "motion": {0: batch}},
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
    assert program is not None  # noqa: S101 - None only when written to a file at once
    model = onnxscript.optimizer.optimize(program.model_proto)
    graph = model.graph
    for part in (graph, *graph.node, *graph.input, *graph.output, *graph.value_info):
        part.ClearField("metadata_props")  # stack traces with paths of this machine
        part.ClearField("doc_string")
    for weights in graph.initializer:
        weights.ClearField("metadata_props")
    model.producer_name = "edge-vad"
    onnx.checker.check_model(model, full_check=True)
    return model


def embed_card(model: onnx.ModelProto, card: SceneCard) -> None:
    """Put the scene's card into the model's metadata."""
    del model.metadata_props[:]
    model.metadata_props.add(key=METADATA_KEY, value=card.encode())


def write_model(model: onnx.ModelProto, path: Path) -> None:
    """Write a model to a file, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    staged = path.with_name(f".{path.name}.partial")
    try:
        staged.write_bytes(model.SerializeToString())
        staged.replace(path)
    finally:
        staged.unlink(missing_ok=True)
