"""Shrinks the frame before it is taken apart into channels, by the same averages.

A frame comes with its channels innermost, so averages over blocks of n x n pixels are sums of n
neighbouring rows, and one small matrix product along every row. ONNX Runtime's transposition and
average pooling of whole frames take four times as long. Where only the grey of them is wanted, the
same product weighs the channels.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import numpy as np
import onnx
from numpy.typing import NDArray

from edge_vad_export.graph_editing import GraphEditor, attributes_of

_TO_CHANNELS_FIRST = [0, 3, 1, 2]
_VALUES_AT_ONCE = 16
"""What one row of the matrix product makes at most; more of them multiply more zeros."""


class _Grey(NamedTuple):
    """The nodes that weigh a picture's channels, and by what, (channels, 1)."""

    nodes: list[onnx.NodeProto]
    shares: NDArray[np.float32]


def lean_frame(graph: onnx.GraphProto) -> None:
    """Rewrite averages of an image that comes with its channels last; others are left alone."""
    editor = GraphEditor(graph)
    pools = [node for node in editor.nodes if node.op_type == "AveragePool"]
    shrunk = Counter(pool.input[0] for pool in pools if _shrink(editor, pool))
    for node in editor.nodes:
        if node.op_type == "Transpose" and shrunk[node.output[0]] == editor.uses_of(node) > 0:
            editor.replace([node], [])
    editor.apply()


def _shrink(editor: GraphEditor, pool: onnx.NodeProto) -> bool:
    """Replace one of them; tells whether it could."""
    transpose, told = editor.maker(pool.input[0], "Transpose"), attributes_of(pool)
    size, step = told["kernel_shape"], told.get("strides", [1, 1])
    blocks = size == step and len(set(size)) == 1 and not any(told.get("pads", [0]))
    if not (transpose and blocks) or attributes_of(transpose).get("perm") != _TO_CHANNELS_FIRST:
        return False
    block = size[0]
    before, after = (editor.sides(node.output[0]) for node in (transpose, pool))
    if not (before and after) or before[1:] != (after[1] * block, after[2] * block):
        return False
    channels, rows, columns = after
    replaced, scale = [pool], 1.0
    scaled = editor.user(pool, "Mul")
    factor = editor.weights(scaled.input[1]) if scaled else None
    if scaled and factor is not None and factor.size == 1:
        replaced, scale = [*replaced, scaled], float(factor.item())
    grey = _grey(editor, replaced[-1])
    shares = np.eye(channels) if grey is None else grey.shares
    replaced += [] if grey is None else grey.nodes
    values = shares.shape[1]
    abreast = next(n for n in range(_VALUES_AT_ONCE // values, 0, -1) if columns % n == 0)
    average = np.kron(np.eye(abreast), np.kron(np.ones((block, 1)), shares))
    average = (average * scale / block**2).astype(np.float32)
    make = editor.place(pool)
    lines = make.reshape(transpose.input[0], -1, block, columns * block * channels)
    axis = make.weights("line", np.array([1], np.int64))
    summed = make.node("ReduceSum", [lines, axis], keepdims=0)
    parts = make.reshape(summed, -1, abreast * block * channels)
    means = make.node("MatMul", [parts, make.weights("average", average)])
    result = replaced[-1].output[0]
    if values == 1:
        make.reshape(means, -1, 1, rows, columns, output=result)
    else:
        image = make.reshape(means, -1, rows, columns, channels)
        make.node("Transpose", [image], result, perm=_TO_CHANNELS_FIRST)
    editor.replace(replaced, make.nodes)
    return True


def _grey(editor: GraphEditor, picture: onnx.NodeProto) -> _Grey | None:
    """What makes a picture grey, where nothing else takes the picture."""
    flat = editor.user(picture, "Reshape")
    weighed = editor.user(flat, "MatMul") if flat else None
    image = editor.user(weighed, "Reshape") if weighed else None
    if not (flat and weighed and image):
        return None
    shares, sides = editor.weights(weighed.input[0]), editor.sides(picture.output[0])
    if shares is None or len(sides) != 3:
        return None
    channels, rows, columns = sides
    is_grey = (
        shares.shape in ((1, channels), (1, 1, channels))
        and editor.sides(flat.output[0]) == (channels, rows * columns)
        and editor.sides(image.output[0]) == (1, rows, columns)
    )
    return _Grey([flat, weighed, image], shares.reshape(-1, 1)) if is_grey else None
