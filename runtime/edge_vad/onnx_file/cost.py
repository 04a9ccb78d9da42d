"""Counts what a graph costs: multiply-accumulates and bytes a frame.

This is for evaluation and benchmarks, and wants the onnx package, which nothing else here does; it
is loaded when something is counted.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edge_vad.onnx_file.pruning import needed_graph

if TYPE_CHECKING:
    import onnx

Shape = tuple[int, ...]

_VIEWS = frozenset({"Reshape", "Squeeze", "Unsqueeze", "Identity", "Flatten", "Constant", "Shape"})
"""Operators that move nothing."""


@dataclass(frozen=True)
class Cost:
    """Of one frame.

    Attributes:
        macs: Multiply-accumulates of convolutions and matrix products; what is added, scaled or
            compared cell by cell does not count, nor does a weight that is 0.
        bytes: Weights, inputs and outputs of every operator, as if none stayed in a cache.
        operators: Operator to how many there are.
    """

    macs: int
    bytes: int
    operators: Mapping[str, int]


def count(path: Path, outputs: Collection[str] = ()) -> Cost | None:
    """Count what a graph's outputs cost for one frame.

    Args:
        path: The ONNX file.
        outputs: The outputs that are wanted, all together; every one when empty.

    Returns:
        The cost; None where the onnx package is not installed or shapes cannot be told.
    """
    try:
        import onnx
    except ImportError:
        return None
    content = path.read_bytes()
    model = onnx.load_from_string(needed_graph(content, outputs) if outputs else content)
    graph = _for_one_frame(model)
    shapes, sizes = _tensors(graph)
    filled = {
        each.name: int(onnx.numpy_helper.to_array(each).astype(bool).sum())
        for each in graph.initializer
        if len(each.dims) > 1
    }
    macs = [_macs(node, shapes, filled) for node in graph.node]
    if any(each is None for each in macs):
        return None
    moved = sum(
        sizes.get(name, 0)
        for node in graph.node
        if node.op_type not in _VIEWS
        for name in (*node.input, *node.output)
    )
    operators = Counter(node.op_type for node in graph.node)
    return Cost(sum(each or 0 for each in macs), moved, dict(operators))


def count_outputs(path: Path) -> dict[str, int] | None:
    """Count the multiply-accumulates that every output of a graph takes, for one frame.

    Work that two outputs share counts for both.

    Returns:
        Output to multiply-accumulates; None where they cannot be told, as in `count`.
    """
    try:
        import onnx
    except ImportError:
        return None
    names = [each.name for each in onnx.load(str(path), load_external_data=False).graph.output]
    costs = {name: count(path, [name]) for name in names}
    known = {name: cost.macs for name, cost in costs.items() if cost}
    return known if len(known) == len(costs) else None


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


def _macs(
    node: onnx.NodeProto, shapes: Mapping[str, Shape], filled: Mapping[str, int]
) -> int | None:
    """Multiply-accumulates of one operator; None where its shapes are not known."""
    if node.op_type not in ("Conv", "ConvTranspose", "Gemm", "MatMul"):
        return 0
    left, right = (shapes.get(name, ()) for name in node.input[:2])
    result = shapes.get(node.output[0], ())
    if not (left and right and result and all((*left, *right, *result))):
        return None
    if node.op_type == "Conv":  # every element of the result is a sum over its filter
        dense = math.prod(result) * math.prod(right[1:])
    elif node.op_type == "ConvTranspose":  # every element of the input is spread by its filter
        dense = math.prod(left) * math.prod(right[1:])
    elif node.op_type == "Gemm":  # (m k)(k n)(m n) is the square of m k n, transposed or not
        dense = math.isqrt(math.prod(left) * math.prod(right) * math.prod(result))
    else:
        dense = math.prod(result) * left[-1]
    for name in node.input[:2]:  # all elements of a weight take part equally often
        if name in filled:
            dense = dense * filled[name] // math.prod(shapes[name])
    return dense
