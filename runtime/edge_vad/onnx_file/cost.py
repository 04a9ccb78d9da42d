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
from typing import TYPE_CHECKING, NamedTuple

from edge_vad.onnx_file.pruning import needed_graph

if TYPE_CHECKING:
    import onnx

Shape = tuple[int, ...]

_VIEWS = frozenset({"Reshape", "Squeeze", "Unsqueeze", "Identity", "Flatten", "Constant", "Shape"})
"""Operators that move nothing."""


@dataclass(frozen=True)
class Cost:
    """Of one frame; what stands in a loop counts as often as that goes round.

    Attributes:
        macs: Multiply-accumulates of convolutions and matrix products; what is added, scaled or
            compared cell by cell does not count, nor does a weight that is 0.
        bytes: Weights, inputs and outputs of every operator, as if none stayed in a cache.
        operators: Operator to how many there are.
    """

    macs: int
    bytes: int
    operators: Mapping[str, int]

    @property
    def launches(self) -> int:
        """Operators that compute or move something: launches of a device, if none are fused."""
        return sum(times for name, times in self.operators.items() if name not in _VIEWS)


class _Tensors(NamedTuple):
    """What is known of a graph's tensors, by their names.

    Attributes:
        shapes: Unknown sides are 0.
        sizes: In bytes.
        filled: Of weights, how many are not 0.
    """

    shapes: dict[str, Shape]
    sizes: dict[str, int]
    filled: dict[str, int]


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
    return _of_graph(_for_one_frame(model), _Tensors({}, {}, {}))


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


def _of_graph(graph: onnx.GraphProto, outside: _Tensors) -> Cost | None:
    """Of a graph that may take tensors from outside of it; None where shapes are not known."""
    own = _tensors(graph)
    known = _Tensors(
        outside.shapes | own.shapes, outside.sizes | own.sizes, outside.filled | own.filled
    )
    costs = [_of_node(node, known) for node in graph.node]
    found = [each for each in costs if each]
    if len(found) < len(costs):
        return None
    operators: Counter[str] = Counter()
    for each in found:
        operators.update(each.operators)
    return Cost(sum(each.macs for each in found), sum(each.bytes for each in found), operators)


def _of_node(node: onnx.NodeProto, known: _Tensors) -> Cost | None:
    if node.op_type == "Scan":
        return _of_loop(node, known)
    macs = _macs(node, known.shapes, known.filled)
    if macs is None:
        return None
    names = () if node.op_type in _VIEWS else (*node.input, *node.output)
    return Cost(macs, sum(known.sizes.get(name, 0) for name in names), {node.op_type: 1})


def _of_loop(node: onnx.NodeProto, known: _Tensors) -> Cost | None:
    """Of a Scan, which goes along the first axis of what it goes over."""
    (over,) = (each.i for each in node.attribute if each.name == "num_scan_inputs")
    (body,) = _bodies(node)
    once, shape = _of_graph(body, known), known.shapes.get(node.input[-over], ())
    if once is None or not (shape and shape[0]):
        return None
    operators = {name: times * shape[0] for name, times in once.operators.items()}
    return Cost(once.macs * shape[0], once.bytes * shape[0], operators)


def _bodies(node: onnx.NodeProto) -> list[onnx.GraphProto]:
    return [each.g for each in node.attribute if each.HasField("g")]


def _for_one_frame(model: onnx.ModelProto) -> onnx.GraphProto:
    """The graph with the shapes of a batch of one."""
    import onnx

    graph = model.graph
    for each in graph.output:
        each.type.tensor_type.ClearField("shape")
    any_number = {each.type.tensor_type.shape.dim[0].dim_param for each in graph.input}
    _set_batch(graph, any_number)
    for body in (body for node in graph.node for body in _bodies(node)):
        _set_batch(body, None)
    return onnx.shape_inference.infer_shapes(model, data_prop=True).graph


def _set_batch(graph: onnx.GraphProto, names: Collection[str] | None) -> None:
    """Set sides such as `N` and `120*N` for one frame; in a loop the batch has other names."""
    for each in (*graph.input, *graph.value_info, *graph.output):
        for side in each.type.tensor_type.shape.dim:
            times, _, name = side.dim_param.rpartition("*")
            if name and (names is None or name in names):
                side.dim_value = int(times or 1)


def _tensors(graph: onnx.GraphProto) -> _Tensors:
    """The tensors of a graph itself."""
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
    filled = {
        each.name: int(onnx.numpy_helper.to_array(each).astype(bool).sum())
        for each in graph.initializer
        if len(each.dims) > 1
    }
    return _Tensors(shapes, sizes, filled)


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
