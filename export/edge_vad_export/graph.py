"""From a trained scene to one ONNX graph."""

from __future__ import annotations

import ast
import logging
import re
import warnings
from collections.abc import Sequence

import numpy as np
import onnx
import onnxscript.optimizer
import torch
from torch import Tensor, nn

from edge_vad.motion.state import MotionInside, state_tensors
from edge_vad_export.deploy.product_energy import with_product_energies
from edge_vad_export.motion.camera_picture import Fitting
from edge_vad_export.motion.network import MotionInGraph, MotionMeter, PictureInGraph
from edge_vad_train.checkpoint import TrainedScene

OPSET = 20

_SCOPES = "pkg.torch.onnx.name_scopes"
_AROUND = re.compile(r"^(rest\.)?(network\.)?(energies\.)?")
"""What modules lie in that tell nothing: of motion inside, and of the network itself."""
_FOLDED = 2**28
"""Bytes of what is computed beforehand; the optimiser's own limit is less than a background."""


def build_graph(scene: TrainedScene) -> onnx.ModelProto:
    """Trace a scene's network into an ONNX graph with a dynamic batch.

    Every node is named after the module that it comes from, such as
    `motion_encoder.trunk.0.conv2d`, so that precision can be chosen by parts of the network.

    Returns:
        A checked model: inputs `frame` uint8 (N, height, width, 3) and `motion` float32
        (N, channels, height', width'); outputs as in `SceneNetwork.outputs`; no metadata yet.
    """
    network = with_product_energies(scene.network, scene.sample_frames, scene.sample_motion)
    inputs = {"frame": scene.sample_frames[:2], "motion": scene.sample_motion[:2]}
    return _traced(network, inputs, scene.network.outputs)


def build_motion_graph(scene: TrainedScene, inside: MotionInside) -> onnx.ModelProto:
    """The same with motion inside; it takes some minutes.

    Args:
        scene: The trained scene.
        inside: What else is inside.

    Returns:
        A checked model: inputs and outputs of `MotionInGraph`, or of `PictureInGraph` with the
        camera's own picture as `frame` and what is made of it as `picture`; no metadata yet.

    Raises:
        WrongUse: Its frames are too small, or the camera's pictures are of another shape.
    """
    card = scene.card
    network = with_product_energies(scene.network, scene.sample_frames, scene.sample_motion)
    meter = MotionMeter(card.height, card.width, card.motion, long_steps=inside.long_steps)
    state = state_tensors(card.height, card.width, card.motion)
    inputs = {
        "frame": scene.sample_frames[:2],
        "elapsed": torch.ones(2),
        "reset": torch.zeros(2, dtype=torch.bool),
    }
    for each in state:
        inputs[each.input] = torch.from_numpy(np.zeros((2, *each.shape), each.dtype))
    outputs = *scene.network.outputs, "motion_known", "flow", *(each.output for each in state)
    whole = MotionInGraph(meter, network)
    if inside.camera is None:
        return _traced(whole.eval(), inputs, outputs)
    fitting = Fitting(inside.camera, card.height, card.width, card.ignored)
    inputs["frame"] = torch.zeros(2, *inside.camera.shape, dtype=torch.uint8)
    return _traced(PictureInGraph(fitting, whole).eval(), inputs, ("picture", *outputs))


def _traced(
    network: nn.Module, inputs: dict[str, Tensor], outputs: Sequence[str]
) -> onnx.ModelProto:
    # torch tells of every optional package that it does not find.
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    batch = torch.export.Dim("batch", min=1, max=1024)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # torch warns of its own deprecations
        program = torch.onnx.export(
            network,
            tuple(inputs.values()),
            input_names=list(inputs),
            output_names=list(outputs),
            dynamic_shapes={name: {0: batch} for name in inputs},
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
    assert program is not None  # noqa: S101 - None only when written to a file at once
    model = onnxscript.optimizer.optimize(program.model_proto, input_size_limit=_FOLDED)
    graph = model.graph
    _name_nodes(graph)
    for part in (graph, *(body for node in graph.node for body in _bodies_of(node))):
        _forget_origin(part)
    model.producer_name = "edge-vad"
    onnx.checker.check_model(model, full_check=True)
    return model


def _bodies_of(node: onnx.NodeProto) -> list[onnx.GraphProto]:
    """The graphs that a node goes over."""
    return [each.g for each in node.attribute if each.HasField("g")]


def _forget_origin(graph: onnx.GraphProto) -> None:
    """Leave out stack traces, which have paths of this machine."""
    for part in (graph, *graph.node, *graph.input, *graph.output, *graph.value_info):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    for weights in graph.initializer:
        weights.ClearField("metadata_props")


def _name_nodes(graph: onnx.GraphProto) -> None:
    """Name the nodes after their modules, and after their outputs, which are unique."""
    for node in graph.node:
        traced = {each.key: each.value for each in node.metadata_props}.get(_SCOPES, "['']")
        modules = [scope for scope in ast.literal_eval(traced)[:-1] if scope]
        place = _AROUND.sub("", modules[-1]) if modules else "scene"
        node.name = f"{place}.{node.output[0]}"
        for inner in (each for body in _bodies_of(node) for each in body.node):
            inner.name = f"{node.name}.{inner.output[0]}"
