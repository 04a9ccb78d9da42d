"""Computes the sample energies with a fraction of the memory traffic, by the same formula.

PyTorch's graph whitens every latent with every component, K D channels, squares them and adds them
up. With a 1 as one more coordinate this is a quadratic form, a weighted sum of the products of all
two coordinates, which all components share. One gathering puts next to every coordinate those that
it is multiplied with, one multiplication makes the products, one matrix product weighs them.

LogSumExp is spelt out, since ONNX Runtime's own operator is slow over channels, and adds up by a
matrix product for the same reason.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import onnx
from numpy.typing import NDArray

from edge_vad_export.graph_editing import GraphEditor, Place, attributes_of
from edge_vad_export.products import common_frame, partners, product_form

_LEAST = -80.0
"""Terms this far below the highest, nats, are counted as this: exponentials stay normal numbers.

What underflows costs processors of Intel a hundred times as long, and adds nothing.
"""

_POOLED, _POOLED_CELLS = 32, 2048
"""How many terms of how many cells ONNX Runtime pools quickly; of more `ReduceMax` is quicker."""


class _Whitening(NamedTuple):
    """The nodes that whiten a latent, square and add up."""

    whiten: onnx.NodeProto
    square: onnx.NodeProto
    split: onnx.NodeProto
    add_up: onnx.NodeProto


def lean_energies(graph: onnx.GraphProto) -> None:
    """Rewrite the sample energies of a graph; what does not look like one is left alone."""
    editor = GraphEditor(graph)
    for node in editor.nodes:
        if node.op_type == "ReduceLogSumExp" and _reduces_channels(editor, node):
            _spell_out(editor, node)
        found = _whitening(editor, node)
        if found:
            _weigh_products(editor, found)
    editor.apply()


def _whitening(editor: GraphEditor, add_up: onnx.NodeProto) -> _Whitening | None:
    """The four nodes that end in this one, if nothing else uses what is between them."""
    split, square, whiten = (None,) * 3
    if add_up.op_type == "ReduceSum":
        split = editor.only(add_up.input[0], "Reshape")
    if split:
        square = editor.only(split.input[0], "Mul")
    if square and square.input[0] == square.input[1]:
        whiten = editor.only(square.input[0], "Conv")
    if not (split and square and whiten) or len(whiten.input) < 3:
        return None
    kernel = editor.weights(whiten.input[1])
    is_pointwise = kernel is not None and kernel.shape[2:] == (1, 1)
    is_map = len(editor.sides(add_up.output[0])) == 3
    return _Whitening(whiten, square, split, add_up) if is_pointwise and is_map else None


def _reduces_channels(editor: GraphEditor, node: onnx.NodeProto) -> bool:
    axes = editor.weights(node.input[1]) if len(node.input) > 1 else None
    is_map = len(editor.sides(node.input[0])) == 3
    keeps = attributes_of(node).get("keepdims", 1)
    return axes is not None and axes.tolist() == [1] and is_map and not keeps


def _weigh_products(editor: GraphEditor, found: _Whitening) -> None:
    kernel, bias = (np.asarray(editor.weights(name), float) for name in found.whiten.input[1:3])
    depth = kernel.shape[1]
    factors, offsets = kernel.reshape(-1, depth, depth), bias.reshape(-1, depth)
    frame, others = common_frame(factors, offsets), partners(depth + 1)
    make = editor.place(found.whiten, found.whiten.input[1].rpartition(".")[0])
    coordinates = _coordinates(make, found.whiten.input[0], frame.matrix.astype(np.float32))
    met = make.node("Gather", [coordinates, make.weights("partners", others)], axis=1)
    each = make.reshape(coordinates, 0, 1, depth + 1, -1)
    products = make.reshape(make.node("Mul", [met, each]), 0, others.size, -1)
    form = make.weights("form", product_form(factors, offsets, frame))
    weighed = make.node("MatMul", [form, products])
    result = found.add_up.output[0]
    make.reshape(weighed, 0, *editor.sides(result), output=result)
    editor.replace(found, make.nodes)


def _coordinates(make: Place, latent: str, matrix: NDArray[np.float32]) -> str:
    """The coordinates of every cell, and a 1: (N, D + 1, cells)."""
    flat = make.reshape(latent, 0, len(matrix) - 1, -1)
    ends = make.weights("one_more", np.array([0, 0, 0, 0, 1, 0], np.int64))
    padded = make.node("Pad", [flat, ends, make.weights("one", np.array(1, np.float32))])
    return make.node("MatMul", [make.weights("coordinates", matrix), padded])


def _spell_out(editor: GraphEditor, node: onnx.NodeProto) -> None:
    components, rows, columns = editor.sides(node.input[0])
    make = editor.place(node)
    terms = make.reshape(node.input[0], 0, components, -1)
    highest = _highest(make, terms, components, rows * columns)
    least = make.weights("least", np.array(_LEAST, np.float32))
    below = make.node("Exp", [make.node("Clip", [make.node("Sub", [terms, highest]), least])])
    ones = make.weights("ones", np.ones((1, components), np.float32))
    total = make.node("MatMul", [ones, below])
    logarithm = make.node("Add", [make.node("Log", [total]), highest])
    make.reshape(logarithm, 0, rows, columns, output=node.output[0])
    editor.replace([node], make.nodes)


def _highest(make: Place, terms: str, components: int, cells: int) -> str:
    """The highest term of every cell, (N, K, cells) to (N, 1, cells)."""
    divisors = (n for n in range(1, components + 1) if components % n == 0)
    groups = next(n for n in divisors if components // n <= _POOLED)
    if groups > _POOLED or cells > _POOLED_CELLS:
        axis = make.weights("components", np.array([1], np.int64))
        return make.node("ReduceMax", [terms, axis], keepdims=1)
    highest, left = terms, components
    for size in (components // groups, groups):
        if size > 1:
            left //= size
            image = make.reshape(highest, 0, left, size, cells)
            highest = make.node("MaxPool", [image], kernel_shape=[size, 1])
    return make.reshape(highest, 0, 1, cells)
