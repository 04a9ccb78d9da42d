"""Leaves out of an ONNX graph what the wanted outputs do not need, without ONNX.

ONNX Runtime computes every node of a graph, whatever outputs are asked for. A scene's graph also
gives the single energies, for evaluation; one that has no say in the anomaly map costs nothing when
it is not there. An ONNX file is one protobuf message; the numbers below are its schema's.
"""

from __future__ import annotations

import io
from collections.abc import Collection, Iterator
from typing import NamedTuple

from edge_vad.protobuf import block, read_key

_GRAPH = 7
_NODE, _WEIGHTS, _OUTPUT, _VALUE = 1, 5, 12, 13
_NODE_INPUT, _NODE_OUTPUT, _NODE_ATTRIBUTE = 1, 2, 5
_ATTRIBUTE_GRAPHS = (6, 11)
_NAME = {_WEIGHTS: 8, _OUTPUT: 1, _VALUE: 1}


class _Field(NamedTuple):
    number: int
    whole: bytes
    content: bytes


class _Node(NamedTuple):
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    is_plain: bool


def needed_graph(model: bytes, outputs: Collection[str]) -> bytes:
    """Leave out other outputs, and the nodes and weights that only they need.

    Args:
        model: Content of an ONNX file.
        outputs: Names of the outputs that are wanted.

    Returns:
        The model with less in its graph; as it is where nodes hold graphs of their own, or where
        one of the outputs is missing, which is for others to complain of.

    Raises:
        ValueError: It is no ONNX file.
    """
    return b"".join(
        block(_GRAPH, _prune(field.content, outputs)) if field.number == _GRAPH else field.whole
        for field in _fields(model)
    )


def _prune(graph: bytes, outputs: Collection[str]) -> bytes:
    fields = list(_fields(graph))
    nodes = {
        index: _read_node(each.content) for index, each in enumerate(fields) if each.number == _NODE
    }
    given = {_name(each) for each in fields if each.number == _OUTPUT}
    if not given.issuperset(outputs) or not all(node.is_plain for node in nodes.values()):
        return graph
    needed, kept = set(outputs), set()
    for index in reversed(nodes):  # a graph's nodes are in the order of computing
        if needed.intersection(nodes[index].outputs):
            kept.add(index)
            needed.update(nodes[index].inputs)
    made = {name for index in kept for name in nodes[index].outputs}

    def is_needed(index: int, field: _Field) -> bool:
        if field.number == _NODE:
            return index in kept
        if field.number == _OUTPUT:
            return _name(field) in outputs
        wanted = {_WEIGHTS: needed, _VALUE: made}.get(field.number)
        return wanted is None or _name(field) in wanted

    return b"".join(each.whole for index, each in enumerate(fields) if is_needed(index, each))


def _fields(message: bytes) -> Iterator[_Field]:
    stream, size, begin = io.BytesIO(message), len(message), 0
    while begin < size:
        number, length = read_key(stream, size)
        content = stream.read(length)
        end = stream.tell()
        yield _Field(number, message[begin:end], content)
        begin = end


def _read_node(node: bytes) -> _Node:
    inputs, outputs, is_plain = [], [], True
    for field in _fields(node):
        if field.number == _NODE_INPUT:
            inputs.append(field.content.decode())
        elif field.number == _NODE_OUTPUT:
            outputs.append(field.content.decode())
        elif field.number == _NODE_ATTRIBUTE:
            held = {part.number for part in _fields(field.content)}
            is_plain &= held.isdisjoint(_ATTRIBUTE_GRAPHS)
    return _Node(tuple(inputs), tuple(outputs), is_plain)


def _name(field: _Field) -> str:
    number = _NAME[field.number]
    return next(
        (each.content.decode() for each in _fields(field.content) if each.number == number), ""
    )
