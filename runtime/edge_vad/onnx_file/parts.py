"""Takes an ONNX file apart without ONNX, as far as its nodes and names.

An ONNX file is one protobuf message; the numbers below are those of its published schema.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import NamedTuple

from edge_vad.onnx_file.wire import read_key

GRAPH, METADATA = 7, 14
"""Fields of a model."""

NODE, WEIGHTS, OUTPUT, VALUE = 1, 5, 12, 13
"""Fields of a graph."""

_NODE_INPUT, _NODE_OUTPUT, _NODE_ATTRIBUTE = 1, 2, 5
_ATTRIBUTE_GRAPHS = (6, 11)


class Field(NamedTuple):
    """A field of a message: its number, all of its bytes, and those of its content."""

    number: int
    whole: bytes
    content: bytes


class Node(NamedTuple):
    """A node's tensors; its inputs are also what the graphs read that it holds."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def fields(message: bytes) -> Iterator[Field]:
    """Go through a message's fields.

    Raises:
        ValueError: It is no protobuf message, or it ends too early.
    """
    stream, size, begin = io.BytesIO(message), len(message), 0
    while begin < size:
        number, length = read_key(stream, size)
        content = stream.read(length)
        end = stream.tell()
        yield Field(number, message[begin:end], content)
        begin = end


def read_node(node: bytes) -> Node:
    """Read a node's tensors."""
    inputs, outputs = [], []
    for field in fields(node):
        if field.number == _NODE_INPUT:
            inputs.append(field.content.decode())
        elif field.number == _NODE_OUTPUT:
            outputs.append(field.content.decode())
        elif field.number == _NODE_ATTRIBUTE:
            inputs += _read_inside(field.content)
    return Node(tuple(inputs), tuple(outputs))


def _read_inside(attribute: bytes) -> Iterator[str]:
    """Everything that nodes of an attribute's graphs read: some of it is from outside."""
    graphs = (each.content for each in fields(attribute) if each.number in _ATTRIBUTE_GRAPHS)
    for part in (part for graph in graphs for part in fields(graph)):
        if part.number == NODE:
            yield from read_node(part.content).inputs
        elif part.number == OUTPUT:
            yield from (each.content.decode() for each in fields(part.content) if each.number == 1)


def read_pair(pair: bytes) -> tuple[str, str]:
    """Read a key and its value."""
    parts = {field.number: field.content.decode() for field in fields(pair)}
    return parts.get(1, ""), parts.get(2, "")
