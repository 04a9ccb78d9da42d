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
    terms, axis = node.input
    components, rows, columns = editor.sides(terms)
    make = editor.place(node)
    highest = make.node("ReduceMax", [terms, axis], keepdims=1)
    below = make.node("Exp", [make.node("Sub", [terms, highest])])
    ones = make.weights("ones", np.ones((1, components), np.float32))
    total = make.node("MatMul", [ones, make.reshape(below, 0, components, -1)])
    logarithm = make.reshape(make.node("Log", [total]), 0, rows, columns)
    make.node("Add", [logarithm, make.node("Squeeze", [highest, axis])], node.output[0])
    editor.replace([node], make.nodes)
