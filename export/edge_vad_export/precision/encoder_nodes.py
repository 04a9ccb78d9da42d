"""Which nodes of a graph are the encoders', and what each node computes in."""

from __future__ import annotations

from collections.abc import Collection

import onnx
from onnx import TensorProto

from edge_vad.errors import BadModel, CheckFailed
from edge_vad.scene_model import Precision

_TYPES = {TensorProto.FLOAT: "fp32", TensorProto.FLOAT16: "fp16", TensorProto.BFLOAT16: "bf16"}
_BETWEEN_TYPES = ("Cast", "QuantizeLinear", "DequantizeLinear")
_OUTSIDE = {TensorProto.UINT8, TensorProto.FLOAT, TensorProto.BOOL}


def encoder_nodes(graph: onnx.GraphProto) -> list[onnx.NodeProto]:
    """The nodes of the two encoders, by the names that `build_graph` gives.

    Raises:
        BadModel: No node has such a name: the graph is foreign, or older than these names.
    """
    nodes = [node for node in graph.node if _is_encoders(node)]
    if not any(node.op_type == "Conv" for node in nodes):
        raise BadModel(
            "the graph does not tell which of its nodes are the encoders",
            "write the scene model again from its training with edge-vad export",
        )
    return nodes


def layer_of(node: onnx.NodeProto) -> str:
    """The module that a node comes from, such as `motion_encoder.trunk.0`."""
    return node.name.rpartition(".")[0]


def trunk_convolutions(graph: onnx.GraphProto) -> list[onnx.NodeProto]:
    """The encoders' convolutions that may compute in INT8: those of their trunks.

    Of the others come the latents, and eight bits of a latent are too few for its energy; being
    1x1 convolutions of few cells, they take next to no time.
    """
    return [
        node
        for node in encoder_nodes(graph)
        if node.op_type == "Conv" and node.name.split(".")[1] == "trunk"
    ]


def compute_types(model: onnx.ModelProto) -> dict[str, str]:
    """What every node that computes with fractions does so in.

    Returns:
        Name of the node to `fp32`, `fp16`, `bf16` or `int8`, the last for a convolution whose
        image and filters both come out of a DequantizeLinear. Casts and the like are left out.
    """
    inferred = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True)
    graph = inferred.graph
    values = [*graph.input, *graph.output, *graph.value_info]
    kinds = {value.name: value.type.tensor_type.elem_type for value in values}
    kinds |= {weights.name: weights.data_type for weights in graph.initializer}
    makers = {name: node.op_type for node in graph.node for name in node.output}
    types = {}
    for node in graph.node:
        names = {_TYPES[kinds[name]] for name in node.output if kinds.get(name) in _TYPES}
        if names and node.op_type not in _BETWEEN_TYPES:
            is_quantised = all(makers.get(name) == "DequantizeLinear" for name in node.input[:2])
            types[node.name] = "int8" if node.op_type == "Conv" and is_quantised else names.pop()
    return types


def demand_precision(
    model: onnx.ModelProto, precision: Precision, layers: Collection[str] | None = None
) -> None:
    """See to it that a graph computes in what it says, where it may, and nowhere else.

    Args:
        model: The graph.
        precision: What it is called.
        layers: Those that compute in INT8, see `layer_of`; None for all that may.

    Raises:
        CheckFailed: An encoder's convolution computes in something else; or energies, fusion or
            score do not compute in single precision; or the graph does not take and give it.
        BadModel: The graph does not tell which nodes are the encoders.
    """
    graph, types = model.graph, compute_types(model)
    reduced = trunk_convolutions(graph) if precision == "int8" else encoder_nodes(graph)
    if layers is not None:
        reduced = [node for node in reduced if layer_of(node) in layers]
    expected = {
        node.name: precision for node in reduced if node.op_type == "Conv" or precision == "fp16"
    }
    for name, given in types.items():
        if given != expected.get(name, "fp32"):
            raise CheckFailed(
                f"{name} computes in {given}, not in {expected.get(name, 'fp32')}",
                "report this; the file is of no use",
            )
    for value in (*graph.input, *graph.output):
        if value.type.tensor_type.elem_type not in _OUTSIDE:
            raise CheckFailed(
                f"{value.name} is not of single precision", "report this; the file is of no use"
            )


def _is_encoders(node: onnx.NodeProto) -> bool:
    return node.name.split(".")[0].endswith("_encoder") and node.op_type not in _BETWEEN_TYPES
