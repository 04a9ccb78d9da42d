"""Leaves out of an ONNX graph what the wanted outputs do not need, without ONNX.

ONNX Runtime computes every node of a graph, whatever outputs are asked for. A scene's graph also
gives the single energies, for evaluation; one that has no say in the anomaly map costs nothing when
it is not there.
"""

from __future__ import annotations

from collections.abc import Collection

from edge_vad.onnx_file.parts import GRAPH, NODE, OUTPUT, VALUE, WEIGHTS, Field, fields, read_node
from edge_vad.onnx_file.wire import block

_NAME = {WEIGHTS: 8, OUTPUT: 1, VALUE: 1}


def needed_graph(model: bytes, outputs: Collection[str]) -> bytes:
    """Leave out other outputs, and the nodes and weights that only they need.

    Args:
        model: Content of an ONNX file.
        outputs: Names of the outputs that are wanted.

    Returns:
        The model with less in its graph; as it is where one of the outputs is missing, which is for
        others to complain of.

    Raises:
        ValueError: It is no ONNX file.
    """
    return b"".join(
        block(GRAPH, _prune(field.content, outputs)) if field.number == GRAPH else field.whole
        for field in fields(model)
    )


def _prune(graph: bytes, outputs: Collection[str]) -> bytes:
    parts = list(fields(graph))
    nodes = {
        index: read_node(each.content) for index, each in enumerate(parts) if each.number == NODE
    }
    given = {_name(each) for each in parts if each.number == OUTPUT}
    if not given.issuperset(outputs):
        return graph
    needed, kept = set(outputs), set()
    for index in reversed(nodes):  # a graph's nodes are in the order of computing
        if needed.intersection(nodes[index].outputs):
            kept.add(index)
            needed.update(nodes[index].inputs)
    made = {name for index in kept for name in nodes[index].outputs}

    def is_needed(index: int, field: Field) -> bool:
        if field.number == NODE:
            return index in kept
        if field.number == OUTPUT:
            return _name(field) in outputs
        wanted = {WEIGHTS: needed, VALUE: made}.get(field.number)
        return wanted is None or _name(field) in wanted

    return b"".join(each.whole for index, each in enumerate(parts) if is_needed(index, each))


def _name(field: Field) -> str:
    number = _NAME[field.number]
    return next(
        (each.content.decode() for each in fields(field.content) if each.number == number), ""
    )
