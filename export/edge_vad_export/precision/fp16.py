"""FP16: the two encoders compute in half precision, everything else in single precision."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from edge_vad.errors import CheckFailed
from edge_vad_export.precision.encoder_nodes import encoder_nodes


def to_fp16(model: onnx.ModelProto) -> onnx.ModelProto:
    """Write half precision into a graph: half weights in the encoders, casts around them.

    The averages of whole patches, and all that follows the latents, keep single precision.

    Returns:
        Another model; `model` is unchanged.

    Raises:
        CheckFailed: A weight is too large for half precision.
        BadModel: The graph does not tell which nodes are the encoders.
    """
    reduced = deepcopy(model)
    graph = reduced.graph
    weights = {each.name: each for each in graph.initializer}
    nodes = list(_with_casts(graph, set(weights)))
    del graph.node[:], graph.value_info[:], graph.initializer[:]
    graph.node.extend(nodes)
    taken = {name for node in nodes for name in node.input}
    for name, values in weights.items():
        is_halved = _fp16_name(name) in taken
        if name in taken or not is_halved:  # loops take weights from outside of them
            graph.initializer.append(values)
        if is_halved:
            graph.initializer.append(_halved(values))
    return onnx.shape_inference.infer_shapes(reduced, check_type=True, strict_mode=True)


def _with_casts(graph: onnx.GraphProto, weights: set[str]) -> Iterator[onnx.NodeProto]:
    """The nodes in their order, with a cast where a tensor enters or leaves the encoders."""
    encoders = {node.name for node in encoder_nodes(graph)}
    outside = [node for node in graph.node if node.name not in encoders]
    taken_outside = {name for node in outside for name in node.input}
    taken_outside |= {output.name for output in graph.output}
    halved = set(weights)
    for node in graph.node:
        if node.name not in encoders:
            yield node
            continue
        for name in node.input:
            if name not in halved:
                yield _cast(name, _fp16_name(name), TensorProto.FLOAT16)
                halved.add(name)
        halved.update(node.output)
        result = deepcopy(node)
        result.input[:] = map(_fp16_name, node.input)
        result.output[:] = map(_fp16_name, node.output)
        yield result
        for name in node.output:
            if name in taken_outside:
                yield _cast(_fp16_name(name), name, TensorProto.FLOAT)


def _fp16_name(name: str) -> str:
    return f"{name}.fp16"


def _cast(taken: str, given: str, kind: int) -> onnx.NodeProto:
    return helper.make_node("Cast", [taken], [given], f"cast.{given}", to=kind)


def _halved(weights: onnx.TensorProto) -> onnx.TensorProto:
    values = numpy_helper.to_array(weights)
    with np.errstate(over="ignore"):
        halves = values.astype(np.float16)
    if not np.array_equal(np.isfinite(halves), np.isfinite(values)):
        raise CheckFailed(
            f"the weights {weights.name} are too large for half precision",
            "export the scene without --fp16, or train it again",
        )
    return numpy_helper.from_array(halves, _fp16_name(weights.name))
