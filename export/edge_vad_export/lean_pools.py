"""Averages over windows and sums over channels as matrix products, which are quick.

The mean over a window is a mean over its rows of means over its columns, so a row of poolings and
crops is `V X B` with one banded matrix from the left and one from the right. ONNX Runtime pools few
channels on one core and adds one by one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import onnx
from numpy.typing import NDArray

from edge_vad_export.graph_editing import GraphEditor, attributes_of

Array = NDArray[np.float64]

_QUICKER = 40
"""Multiply-accumulates of a matrix product that take as long as one addition of a pooling."""


class _Step(NamedTuple):
    """What one node does to rows and to columns, and how many numbers it adds."""

    rows: Array
    columns: Array
    additions: int


def lean_pools(graph: onnx.GraphProto) -> None:
    """Rewrite poolings where that is quicker, and sums over channels; exact but for rounding."""
    editor = GraphEditor(graph)
    done: set[str] = set()
    for node in reversed(editor.nodes):
        if node.name not in done:
            done |= _pool(editor, node)
    editor.apply()
    editor = GraphEditor(graph)
    for node in editor.nodes:
        if node.op_type == "ReduceSum":
            _add_channels(editor, node)
    editor.apply()


def _pool(editor: GraphEditor, last: onnx.NodeProto) -> set[str]:
    """Replace the chain of poolings and crops that ends in a node; returns the nodes of it."""
    chain: list[onnx.NodeProto] = []
    rows = columns = np.eye(0)
    additions = 0
    node: onnx.NodeProto | None = last
    while node is not None:
        step = _step(editor, node)
        if step is None:
            break
        rows = rows @ step.rows if chain else step.rows
        columns = columns @ step.columns if chain else step.columns
        additions += step.additions
        chain.insert(0, node)
        earlier = editor.maker(node.input[0])
        node = editor.only(node.input[0], earlier.op_type) if earlier else None
    (height, tall), (width, wide) = rows.shape, columns.shape
    by_rows = height * tall * wide + height * wide * width
    by_columns = tall * wide * width + height * tall * width
    if not additions or min(by_rows, by_columns) > _QUICKER * additions:
        return set()
    make = editor.place(last)
    left = make.weights("rows", rows.astype(np.float32))
    right = make.weights("columns", columns.T.astype(np.float32))
    image, result = chain[0].input[0], last.output[0]
    if by_rows < by_columns:
        make.node("MatMul", [make.node("MatMul", [left, image]), right], result)
    else:
        make.node("MatMul", [left, make.node("MatMul", [image, right])], result)
    editor.replace(chain, make.nodes)
    return {each.name for each in chain}


def _step(editor: GraphEditor, node: onnx.NodeProto) -> _Step | None:
    """What a pooling or a crop does; None for anything else, and where sides are not known."""
    if node.op_type not in ("AveragePool", "Slice"):
        return None
    before, after = (editor.sides(name)[1:] for name in (node.input[0], node.output[0]))
    if len(before) != 2 or len(after) != 2:
        return None
    if node.op_type == "Slice":
        return _crop(editor, node, before, after)
    told = attributes_of(node)
    sizes, steps = told["kernel_shape"], told.get("strides", (1, 1))
    spread = set(told.get("dilations", (1,))) != {1}
    pads = told.get("pads", (0, 0, 0, 0))
    counts_pads = any(pads) and told.get("count_include_pad", 0)
    if counts_pads or told.get("ceil_mode", 0) or spread:
        return None
    matrices = []
    for size, step, long, short, pad in zip(sizes, steps, before, after, pads[:2], strict=True):
        begins = np.arange(short)[:, None] * step - pad
        place = np.arange(long)
        window = (place >= begins) & (place < begins + size)
        matrices.append(window / window.sum(1, keepdims=True))
    width = after[1] * sizes[1] * sizes[0]
    return _Step(matrices[0], matrices[1], after[0] * width)


def _crop(
    editor: GraphEditor, node: onnx.NodeProto, before: tuple[int, ...], after: tuple[int, ...]
) -> _Step | None:
    told = [editor.weights(name) for name in node.input[1:]]
    if len(told) < 3 or any(each is None or each.size != 1 for each in told):
        return None
    begin, _, axis, step = [*(int(each.item()) for each in told if each is not None), 1][:4]
    if axis not in (2, 3) or step != 1 or begin < 0:
        return None
    matrices = [np.eye(side) for side in before]
    side = axis - 2
    matrices[side] = matrices[side][begin : begin + after[side]]
    return _Step(matrices[0], matrices[1], 0)


def _add_channels(editor: GraphEditor, node: onnx.NodeProto) -> None:
    """Replace a sum over all channels of an image, and what it is multiplied by."""
    axes = editor.weights(node.input[1]) if len(node.input) > 1 else None
    sides, told = editor.sides(node.input[0]), attributes_of(node)
    if axes is None or axes.tolist() != [1] or not told.get("keepdims", 1):
        return
    if len(sides) != 3:
        return
    channels, rows, columns = sides
    replaced, scale = [node], 1.0
    scaled = editor.user(node, "Mul")
    factor = editor.weights(scaled.input[1]) if scaled else None
    if scaled and factor is not None and factor.size == 1:
        replaced, scale = [*replaced, scaled], float(factor.item())
    make = editor.place(node)
    ones = make.weights("ones", np.full((1, channels), scale, np.float32))
    total = make.node("MatMul", [ones, make.reshape(node.input[0], 0, channels, -1)])
    make.reshape(total, 0, 1, rows, columns, output=replaced[-1].output[0])
    editor.replace(replaced, make.nodes)
