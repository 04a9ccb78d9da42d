"""Counts all that a graph does for a frame, loops included: it is run once, and every node noted.

`edge_vad.onnx_file.cost` counts multiply-accumulates of convolutions and matrix products from the
file alone. A graph with motion inside does most of its work element by element, in loops.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from edge_vad.onnx_file.pruning import needed_graph
from edge_vad.scene_model import SceneModel

VIEWS = frozenset(
    {"Reshape", "Squeeze", "Unsqueeze", "Identity", "Flatten", "Constant", "Shape", "Scan"}
)
"""Operators that do nothing themselves: they give memory another shape, or hold others."""

MOVES = frozenset(
    {
        "Cast",
        "Concat",
        "Expand",
        "Gather",
        "GatherElements",
        "GatherND",
        "Pad",
        "Slice",
        "Split",
        "Transpose",
    }
)
"""Operators that move bytes and compute nothing."""

SLOW = frozenset({"Div", "Exp", "Log", "Pow", "Reciprocal", "Sqrt"})
SLOW_OPERATIONS = 4
"""What one of `SLOW` counts: GPUs have a quarter as many units for them."""

_RESIZE_OPERATIONS = 8
_SIZES = {"float": 4, "int64": 8, "int32": 4, "uint8": 1, "bool": 1, "float16": 2, "int8": 1}

Shape = tuple[int, ...]


@dataclass(frozen=True)
class GraphWork:
    """Of one frame.

    Attributes:
        operations: Multiply-accumulates and single operations on numbers.
        moved_bytes: Inputs and outputs of every operator that runs, as if none were fused and none
            stayed in a cache.
        least_bytes: Inputs, outputs and weights of the whole graph, once.
        weight_bytes: The weights among them, which a batch shares.
        launches: Operators that run and do something.
        trips: Loop to how often its body runs.
        sizes: Node to the bytes of its inputs and of its outputs.
    """

    operations: int
    moved_bytes: int
    least_bytes: int
    weight_bytes: int
    launches: int
    trips: Mapping[str, int]
    sizes: Mapping[str, tuple[tuple[int, ...], tuple[int, ...]]] = field(repr=False)


def count_work(model: SceneModel) -> GraphWork:
    """Run a scene's graph on one frame of noise, and count.

    Args:
        model: The scene model.
    """
    content = needed_graph(model.content(), model.card.outputs)
    with tempfile.TemporaryDirectory() as folder:
        nodes, outputs = _run(content, _inputs(model), list(model.card.outputs), Path(folder))
    inputs = sum(each.nbytes for each in _inputs(model).values())
    weights = _weight_bytes(content)
    return GraphWork(
        operations=sum(map(_operations, nodes)),
        moved_bytes=sum(node.moved_bytes for node in nodes),
        least_bytes=inputs + weights + sum(each.nbytes for each in outputs),
        weight_bytes=weights,
        launches=sum(node.kind not in VIEWS for node in nodes),
        trips={node.name: node.inputs[-1][0] for node in nodes if node.kind == "Scan"},
        sizes={node.name: (node.input_bytes, node.output_bytes) for node in nodes},
    )


@dataclass(frozen=True)
class _MeasuredNode:
    name: str
    kind: str
    inputs: tuple[Shape, ...]
    outputs: tuple[Shape, ...]
    input_bytes: tuple[int, ...]
    output_bytes: tuple[int, ...]

    @property
    def moved_bytes(self) -> int:
        """Bytes of inputs and outputs; none where nothing is done."""
        return 0 if self.kind in VIEWS else sum((*self.input_bytes, *self.output_bytes))


def _inputs(model: SceneModel) -> dict[str, NDArray[Any]]:
    card, random = model.card, np.random.default_rng(0)
    kinds = {each.input: each.dtype for each in card.state}
    inputs: dict[str, NDArray[Any]] = {}
    for name, shape in card.inputs.items():
        kind = kinds.get(name, {"reset": np.bool_}.get(name, np.float32))
        inputs[name] = np.zeros((1, *shape), kind)
    inputs["frame"] = random.integers(0, 256, (1, *card.inputs["frame"])).astype(np.uint8)
    if "elapsed" in inputs:
        inputs["elapsed"] += 1
    return inputs


def _run(
    content: bytes, inputs: dict[str, NDArray[Any]], outputs: list[str], folder: Path
) -> tuple[tuple[_MeasuredNode, ...], list[NDArray[Any]]]:
    import onnxruntime as ort  # a page of reports is made without it

    options = ort.SessionOptions()
    options.enable_profiling = True
    options.profile_file_prefix = str(folder / "work")
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    options.add_session_config_entry("session.disable_prepacking", "1")  # it hides weights
    session = ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    given = session.run(outputs, inputs)
    events = msgspec.json.decode(Path(session.end_profiling()).read_bytes())
    return tuple(_nodes(events)), given


def _nodes(events: Sequence[dict[str, Any]]) -> Iterator[_MeasuredNode]:
    ending = "_kernel_time"
    for event in events:
        if event.get("cat") == "Node" and event["name"].endswith(ending):
            given = event["args"]
            inputs, outputs = (list(_tensors(given[f"{way}_type_shape"])) for way in _WAYS)
            yield _MeasuredNode(
                event["name"].removesuffix(ending),
                given["op_name"],
                tuple(shape for shape, _ in inputs),
                tuple(shape for shape, _ in outputs),
                tuple(size for _, size in inputs),
                tuple(size for _, size in outputs),
            )


_WAYS = ("input", "output")


def _tensors(described: Sequence[dict[str, list[int]]]) -> Iterator[tuple[Shape, int]]:
    """Shape and bytes of the tensors of a node."""
    for tensor in described:
        for kind, shape in tensor.items():
            yield tuple(shape), math.prod(shape) * _SIZES.get(kind, 4)


def _operations(node: _MeasuredNode) -> int:
    """What a node computes: multiply-accumulates count one, as one operation does."""
    if node.kind in VIEWS or node.kind in MOVES or not node.outputs:
        return 0
    result = math.prod(node.outputs[0])
    if node.kind == "Conv":
        return result * math.prod(node.inputs[1][1:])
    if node.kind in ("MatMul", "Gemm"):
        return result * node.inputs[0][-1]
    if node.kind.startswith("Reduce") or node.kind.endswith("Pool") or node.kind == "TopK":
        return math.prod(node.inputs[0])
    if node.kind == "Resize":
        return result * _RESIZE_OPERATIONS
    return result * (SLOW_OPERATIONS if node.kind in SLOW else 1)


def _weight_bytes(content: bytes) -> int:
    """Bytes of the weights that lie in the graph, those of loops included."""
    import onnx

    graphs = [onnx.load_from_string(content).graph]
    total = 0
    while graphs:
        graph = graphs.pop()
        total += sum(onnx.numpy_helper.to_array(each).nbytes for each in graph.initializer)
        graphs += [each.g for node in graph.node for each in node.attribute if each.HasField("g")]
    return total
