"""Averages over a frame's bytes, added up as the bytes that they are: a variant for CPUs.

TensorRT takes bytes nowhere but at a cast, so a scene's graph makes a number of every byte of the
frame before anything else. CPUs multiply and add up bytes as they are, at a fifth of the time. Such
nodes lie beside the graph, see `edge_vad.cpu_variant`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto

from edge_vad_export.graph_editing import GraphEditor, Place

_FEWEST_ROWS = 4
"""Rows that are added up; of fewer so many sums come that nothing is gained."""

_MOST_OF_TWO = 128
"""The largest two weights in a row may have together: some CPUs add two products in 16 bits."""

_EXACT = 1e-4


class _Average(NamedTuple):
    """Rows that are added up, and then weighed.

    Attributes:
        frame: The bytes.
        rows: How many are added up.
        length: Bytes of a row.
        weigh: The matrix product.
        weights: What it multiplies by.
    """

    frame: str
    rows: int
    length: int
    weigh: onnx.NodeProto
    weights: NDArray[np.float32]


def byte_sums(graph: onnx.GraphProto) -> onnx.GraphProto | None:
    """The nodes of a variant; None where nothing is gained by one.

    Args:
        graph: A scene's graph; stays as it is.
    """
    editor, variant = GraphEditor(graph), onnx.GraphProto()
    for node in editor.nodes:
        found = _average(editor, node) if node.op_type == "MatMul" else None
        if found and found.frame not in {each.name for each in graph.input}:
            continue
        whole = _in_whole_numbers(found.weights) if found else None
        if found and whole is not None:
            variant.node.extend(_nodes(Place(variant, f"{node.name}.bytes", ""), found, whole))
    return variant if variant.node else None


def _average(editor: GraphEditor, weigh: onnx.NodeProto) -> _Average | None:
    weights = editor.weights(weigh.input[1])
    parts = editor.only(weigh.input[0], "Reshape")
    add_up = editor.only(parts.input[0], "ReduceSum") if parts else None
    lines = editor.only(add_up.input[0], "Reshape") if add_up else None
    cast = editor.maker(lines.input[0], "Cast") if lines else None
    if weights is None or not (add_up and lines and cast):
        return None
    axes, sides = editor.weights(add_up.input[1]), editor.weights(lines.input[1])
    if axes is None or axes.tolist() != [1] or sides is None or sides.size != 3:
        return None
    _, rows, length = (int(side) for side in sides)
    return _Average(cast.input[0], rows, length, weigh, weights) if rows >= _FEWEST_ROWS else None


def _in_whole_numbers(weights: NDArray[np.float32]) -> NDArray[np.int8] | None:
    """Whole numbers in the same proportion, and small enough to be added up on any CPU."""
    if weights.max() <= 0:
        return None
    shares = weights / weights.max()
    for most in range(1, _MOST_OF_TWO):
        whole = np.rint(shares * most)
        if np.abs(shares * most - whole).max() < _EXACT:
            of_two = np.abs(whole[1:]) + np.abs(whole[:-1])
            return whole.astype(np.int8) if of_two.max(initial=0) <= _MOST_OF_TWO else None
    return None


def _nodes(make: Place, found: _Average, whole: NDArray[np.int8]) -> list[onnx.NodeProto]:
    depth, values = whole.shape
    lines = make.reshape(found.frame, -1, found.rows, found.length // depth, depth)
    sums = make.node("MatMulInteger", [lines, make.weights("whole", whole)])
    numbers = make.node("Cast", [sums], to=int(TensorProto.FLOAT))
    axis = make.weights("rows", np.array([1], np.int64))
    added = make.node("ReduceSum", [numbers, axis], keepdims=0)
    unit = np.array(found.weights.max() / whole.max(), np.float32)
    scaled = make.node("Mul", [added, make.weights("unit", unit)])
    make.reshape(scaled, -1, values, output=found.weigh.output[0])
    return make.nodes
