"""From a trained scene to one ONNX graph."""

from __future__ import annotations

import ast
import logging
import warnings

import onnx
import onnxscript.optimizer
import torch

from edge_vad_export.deploy.product_energy import with_product_energies
from edge_vad_train.checkpoint import TrainedScene

OPSET = 20

_SCOPES = "pkg.torch.onnx.name_scopes"
_NETWORK = "energies"
_FOLDED = 2**28
"""Bytes of what is computed beforehand; the optimiser's own limit is less than a background."""


def build_graph(scene: TrainedScene) -> onnx.ModelProto:
    """Trace a scene's network into an ONNX graph with a dynamic batch.

    Every node is named after the module that it comes from, such as
    `motion_encoder.trunk.0.conv2d`, so that precision can be chosen by parts of the network.

    Returns:
        A checked model: inputs `frame` uint8 (N, height, width, 3) and `motion` float32
        (N, channels, height', width'); outputs as in `SceneOutput`; no metadata yet.
    """
    # torch tells of every optional package that it does not find.
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    batch = torch.export.Dim("batch", min=1, max=1024)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns of its own deprecations
        program = torch.onnx.export(
            with_product_energies(scene.network, scene.sample_frames, scene.sample_motion),
            (scene.sample_frames[:2], scene.sample_motion[:2]),
            input_names=["frame", "motion"],
            output_names=list(scene.network.outputs),
            dynamic_shapes={"frame": {0: batch}, "motion": {0: batch}},
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
    assert program is not None  # noqa: S101 - None only when written to a file at once
    model = onnxscript.optimizer.optimize(program.model_proto, input_size_limit=_FOLDED)
    graph = model.graph
    _name_nodes(graph)
    for part in (graph, *graph.node, *graph.input, *graph.output, *graph.value_info):
        part.ClearField("metadata_props")  # stack traces with paths of this machine
        part.ClearField("doc_string")
    for weights in graph.initializer:
        weights.ClearField("metadata_props")
    model.producer_name = "edge-vad"
    onnx.checker.check_model(model, full_check=True)
    return model


def _name_nodes(graph: onnx.GraphProto) -> None:
    """Name the nodes after their modules, and after their outputs, which are unique."""
    for node in graph.node:
        traced = {each.key: each.value for each in node.metadata_props}.get(_SCOPES, "['']")
        modules = [scope for scope in ast.literal_eval(traced)[:-1] if scope]
        innermost = modules[-1] if modules else "scene"
        place = innermost.removeprefix(f"{_NETWORK}.")
        node.name = f"{place}.{node.output[0]}"
