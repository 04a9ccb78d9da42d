"""Counts what a graph costs: multiply-accumulates and bytes a frame."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnx

Shape = tuple[int, ...]

_VIEWS = frozenset({"Reshape", "Squeeze", "Unsqueeze", "Identity", "Flatten", "Constant", "Shape"})
"""Operators that move nothing."""


@dataclass(frozen=True)
class Cost:
    """Of one frame.

    Attributes:
        macs: Multiply-accumulates of convolutions and matrix products.
        bytes: Weights, inputs and outputs of every operator, as if none stayed in a cache.
        operators: Operator to how many there are.
    """

    macs: int
    bytes: int
    operators: dict[str, int]


def count(path: Path) -> Cost | None:
    """Count the cost of a scene model's graph for one frame.

    Returns:
        The cost; None where the onnx package is not installed or shapes cannot be told.
    """
    try:
        import onnx
    except ImportError:
        return None
    graph = _for_one_frame(onnx.load(str(path)))
    shapes, sizes = _tensors(graph)
    macs = [_macs(node, shapes) for node in graph.node]
    if any(each is None for each in macs):
        return None
    moved = sum(
        sizes.get(name, 0)
        for node in graph.node
        if node.op_type not in _VIEWS
        for name in (*node.input, *node.output)
    )
    operators: dict[str, int] = {}
    for node in graph.node:
        operators[node.op_type] = operators.get(node.op_type, 0) + 1
    return Cost(sum(each or 0 for each in macs), moved, operators)


def _for_one_frame(model: onnx.ModelProto) -> onnx.GraphProto:
    """The graph with the shapes of a batch of one."""
    import onnx

    graph = model.graph
    for each in graph.input:
        each.type.tensor_type.shape.dim[0].dim_value = 1
    # What was told for any batch would stand in the way of what follows from one frame.
    del graph.value_info[:]
    for each in graph.output:
        each.type.tensor_type.ClearField("shape")
    return onnx.shape_inference.infer_shapes(model, data_prop=True).graph


def _tensors(graph: onnx.GraphProto) -> tuple[dict[str, Shape], dict[str, int]]:
    """The shape and the bytes of every tensor; unknown sides are 0."""
    import onnx

    shapes: dict[str, Shape] = {each.name: tuple(each.dims) for each in graph.initializer}
    kinds = {each.name: each.data_type for each in graph.initializer}
    for each in (*graph.input, *graph.value_info, *graph.output):
        shapes[each.name] = tuple(side.dim_value for side in each.type.tensor_type.shape.dim)
        kinds[each.name] = each.type.tensor_type.elem_type
    sizes = {
        name: math.prod(shape) * onnx.helper.tensor_dtype_to_np_dtype(kinds[name]).itemsize
        for name, shape in shapes.items()
        if kinds[name] not in (onnx.TensorProto.UNDEFINED, onnx.TensorProto.STRING)
    }
    return shapes, sizes


def _macs(node: onnx.NodeProto, shapes: dict[str, Shape]) -> int | None:
    """Multiply-accumulates of one operator; None where its shapes are not known."""
    if node.op_type not in ("Conv", "Gemm", "MatMul"):
        return 0
    left, right = (shapes.get(name, ()) for name in node.input[:2])
    result = shapes.get(node.output[0], ())
    if not (left and right and result and all((*left, *right, *result))):
        return None
    if node.op_type == "Conv":  # every element of the result is a sum over its filter
        return math.prod(result) * math.prod(right[1:])
    if node.op_type == "Gemm":  # (m k)(k n)(m n) is the square of m k n, transposed or not
        return math.isqrt(math.prod(left) * math.prod(right) * math.prod(result))
    return math.prod(result) * left[-1]
