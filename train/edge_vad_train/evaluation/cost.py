"""What a score costs: multiply-accumulates a frame, counted in the graph."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnx

Shape = tuple[int, ...]


def count_macs(path: Path) -> dict[str, int] | None:
    """Count the multiply-accumulates that every output of a graph takes, for one frame.

    Convolutions and matrix products count, which is nearly all; what is added, scaled or compared
    cell by cell does not. Work that two outputs share counts for both.

    Args:
        path: The ONNX file.

    Returns:
        Output to multiply-accumulates; None where the onnx package is not installed, or the shapes
        in the graph cannot be told.
    """
    try:
        import onnx
    except ImportError:
        return None
    graph = onnx.load(str(path)).graph
    shapes = _shapes(graph)
    costs: dict[str, int] = {}
    for node in graph.node:
        cost = _macs(node, shapes)
        if cost is None:
            return None
        costs[node.output[0]] = cost
    inputs_of = {name: list(node.input) for node in graph.node for name in node.output}
    return {
        output.name: sum(costs.get(name, 0) for name in _needed(output.name, inputs_of))
        for output in graph.output
    }


def _shapes(graph: onnx.GraphProto) -> dict[str, Shape]:
    """The shape of every tensor, for a batch of one frame; unknown sides are 0."""
    import onnx

    model = onnx.helper.make_model(graph)
    one = model.graph
    for each in one.input:
        each.type.tensor_type.shape.dim[0].dim_value = 1
    # What was told for any batch would stand in the way of what follows from one frame.
    del one.value_info[:]
    for each in one.output:
        each.type.tensor_type.ClearField("shape")
    one = onnx.shape_inference.infer_shapes(model, data_prop=True).graph
    shapes: dict[str, Shape] = {each.name: tuple(each.dims) for each in one.initializer}
    for each in (*one.input, *one.value_info, *one.output):
        shapes[each.name] = tuple(side.dim_value for side in each.type.tensor_type.shape.dim)
    return shapes


def _needed(output: str, inputs_of: dict[str, list[str]]) -> set[str]:
    """The output and everything it is computed from."""
    needed, waiting = set(), [output]
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed.add(name)
            waiting.extend(inputs_of.get(name, []))
    return needed


def _macs(node: onnx.NodeProto, shapes: dict[str, Shape]) -> int | None:
    """Multiply-accumulates of one operator; None where its shapes are not known."""
    if node.op_type not in ("Conv", "ConvTranspose", "Gemm", "MatMul"):
        return 0
    left, right = (shapes.get(name, ()) for name in node.input[:2])
    result = shapes.get(node.output[0], ())
    if not (left and right and result and all((*left, *right, *result))):
        return None
    if node.op_type == "Conv":  # every element of the result is a sum over its filter
        return math.prod(result) * math.prod(right[1:])
    if node.op_type == "ConvTranspose":  # every element of the input is spread by its filter
        return math.prod(left) * math.prod(right[1:])
    if node.op_type == "Gemm":  # (m k)(k n)(m n) is the square of m k n, transposed or not
        return math.isqrt(math.prod(left) * math.prod(right) * math.prod(result))
    return math.prod(result) * left[-1]
