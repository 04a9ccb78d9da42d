"""Computes the sample energies with a fraction of the memory traffic, by the same formula.

PyTorch's graph whitens every latent with every component, K D channels, squares them and adds them
up. With a 1 as one more coordinate this is a quadratic form, and every quadratic form is a weighted
sum of the squares of all coordinates and of all sums of two: one matrix product makes the sums, one
weighs their squares. Products of two coordinates would have to be gathered twice.

An energy over two latents shares the squares within each with that latent's own energy, and adds
those of the sums across. What no output needs falls away, see `edge_vad.backends.needed_graph`.

LogSumExp is spelt out, since ONNX Runtime's own operator is slow over channels, and adds up by a
matrix product for the same reason.
"""

from __future__ import annotations

from itertools import combinations
from typing import NamedTuple

import numpy as np
import onnx

from edge_vad_export.graph_editing import GraphEditor, Place, attributes_of
from edge_vad_export.squares import Frame, add_pairs, common_frame, squared_form


class _Whitening(NamedTuple):
    """The nodes that whiten a latent, square and add up."""

    whiten: onnx.NodeProto
    square: onnx.NodeProto
    split: onnx.NodeProto
    add_up: onnx.NodeProto


class _Part(NamedTuple):
    """A latent as the energies over it share it.

    Attributes:
        frame: Its coordinates.
        latent: Tensor, (N, D, cells), in these.
        squares: Tensor, (N, P, cells), of all sums of two of them and a 1.
    """

    frame: Frame
    latent: str
    squares: str


def lean_energies(graph: onnx.GraphProto) -> None:
    """Rewrite the sample energies of a graph; what does not look like one is left alone."""
    editor = GraphEditor(graph)
    parts: dict[str, _Part] = {}
    for node in editor.nodes:
        if node.op_type == "ReduceLogSumExp" and _reduces_channels(editor, node):
            _spell_out(editor, node)
        found = _whitening(editor, node)
        if found:
            _weigh_squares(editor, found, parts)
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


def _weigh_squares(editor: GraphEditor, found: _Whitening, parts: dict[str, _Part]) -> None:
    kernel, bias = (np.asarray(editor.weights(name), float) for name in found.whiten.input[1:3])
    depth = kernel.shape[1]
    factors, offsets = kernel.reshape(-1, depth, depth), bias.reshape(-1, depth)
    latents = _latents(editor, found.whiten.input[0])
    make = editor.place(found.whiten, found.whiten.input[1].rpartition(".")[0])
    begin = 0
    for name, size in latents.items():
        if name not in parts:
            own = common_frame(factors, offsets, slice(begin, begin + size))
            parts[name] = _take_apart(make, name, own)
        begin += size
    shared = [parts[name] for name in latents]
    form = squared_form(factors, offsets, [part.frame for part in shared])
    squares = [part.squares for part in shared]
    squares += [_across(make, one, other) for one, other in combinations(shared, 2)]
    terms = [
        make.node("MatMul", [make.weights(f"form{index}", weights), each])
        for index, (weights, each) in enumerate(zip(form, squares, strict=True))
    ]
    total = terms[0]
    for term in terms[1:]:
        total = make.node("Add", [total, term])
    make.reshape(total, 0, *editor.sides(found.add_up.output[0]), output=found.add_up.output[0])
    editor.replace(found, make.nodes)


def _latents(editor: GraphEditor, name: str) -> dict[str, int]:
    """The latents that a tensor is put together from, with their channels; or itself."""
    concat = editor.maker(name, "Concat")
    names = list(concat.input) if concat is not None else [name]
    sides = [editor.sides(each) for each in names]
    if all(sides) and len(set(names)) == len(names):
        return {each: own[0] for each, own in zip(names, sides, strict=True)}
    return {name: editor.sides(name)[0]}


def _take_apart(make: Place, latent: str, frame: Frame) -> _Part:
    depth = len(frame.centre)
    roots = add_pairs(depth + 1) @ frame.matrix
    ends = make.weights("one_more", np.array([0, 0, 0, 0, 1, 0], np.int64))
    one = make.weights("one", np.array(1, np.float32))
    padded = make.node("Pad", [make.reshape(latent, 0, depth, -1), ends, one])
    sums = make.node("MatMul", [make.weights("roots", roots.astype(np.float32)), padded])
    first = [make.weights(name, np.array([at])) for name, at in (("begin", 0), ("end", depth))]
    alone = make.node("Slice", [sums, *first, make.weights("channels", np.array([1]))])
    return _Part(frame, alone, make.node("Mul", [sums, sums]))


def _across(make: Place, one: _Part, other: _Part) -> str:
    """The squares of all sums of a coordinate of one latent and a coordinate of another."""
    depth, others = len(one.frame.centre), len(other.frame.centre)
    sums = make.node(
        "Add",
        [make.reshape(one.latent, 0, depth, 1, -1), make.reshape(other.latent, 0, 1, others, -1)],
    )
    flat = make.reshape(sums, 0, depth * others, -1)
    return make.node("Mul", [flat, flat])


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
