"""Holds a graph to what the exporter writes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar, cast

from edge_vad.scene_file.constant_folding import check_foldings
from edge_vad.scene_file.divisions import check_divisions
from edge_vad.scene_file.empty_tensors import check_no_empty
from edge_vad.scene_file.operators import ALLOWED, SCAN, SKIPPING
from edge_vad.scene_file.parsing import Message, integers, parse

_MOST_NODES = 10_000
_MOST_STEPS = 4096
"""Steps of a `Scan`, at most."""
_MOST_SIDES = 8
_MOST_DIVISORS = 4096
_LONG_TYPE, _TEXT_TYPE = 7, 8
_BITS = {1: 32, 2: 8, 3: 8, 4: 16, 5: 16, 6: 32, 7: 64, 9: 8, 10: 16, 11: 64, 12: 32, 13: 64}
_BITS |= {16: 16, 17: 8, 18: 8, 19: 8, 20: 8, 21: 4, 22: 4}
"""Types of tensors, by the numbers of ONNX's schema, and what an element takes; texts are none."""

_GRAPH, _OPSET, _METADATA = 7, 8, 14  # of a model
_NODE, _WEIGHTS, _INPUT, _OUTPUT, _VALUE = 1, 5, 11, 12, 13  # of a graph
_NODE_INPUT, _OPERATOR, _ATTRIBUTE, _DOMAIN = 1, 4, 5, 7  # of a node
_INTEGER, _TENSOR, _BODY, _INTEGERS = 3, 5, 6, 8  # of an attribute
_SIDES, _TYPE, _RAW, _NUMBERS = 1, 2, 9, (4, 5, 7, 10, 11)  # of a tensor
_OURS = ("", "ai.onnx")
_POSITIVE = frozenset(
    {"blocksize", "dilations", "group", "kernel_shape", "num_groups", "num_outputs", "size"}
    | {"strides"}
)
"""Attributes that are divided by."""

T = TypeVar("T")


def check_graph(content: bytes) -> dict[str, str]:
    """See to it that a file holds one graph of allowed operators, and nothing besides.

    Args:
        content: Of an ONNX file.

    Returns:
        The file's metadata.

    Raises:
        ValueError: It does not.
    """
    model = parse(content)
    if _GRAPH not in model:
        raise ValueError("it holds no graph")
    domains = {_one(each, 1, "") for each in _all(model, _OPSET)}
    if not domains or not domains.issubset(_OURS):
        raise ValueError("its operators are not ONNX's own")
    _check_graph(_all(model, _GRAPH)[0])
    pairs = [(_one(each, 1, ""), _one(each, 2, "")) for each in _all(model, _METADATA)]
    if len(dict(pairs)) != len(pairs):
        raise ValueError("its metadata says something twice")
    return dict(pairs)


def _check_graph(graph: Message) -> None:
    nodes = list(_nodes(graph))
    if len(nodes) > _MOST_NODES:
        raise ValueError(f"it has more than {_MOST_NODES} nodes")
    lengths = _lengths(graph)
    for node in nodes:
        _check_node(node)
        if _one(node, _OPERATOR, "") == SCAN:
            _check_scan(node, lengths)
    for part in (graph, *_bodies(nodes)):
        for value in _all(part, _INPUT, _OUTPUT, _VALUE):
            _check_value(value)
        for tensor in _all(part, _WEIGHTS):
            _check_tensor(tensor)
        check_divisions(part, _types(part), _whole(part))
        own = _own_sides(part) if part is graph else _weights_sides(part)
        sides = {name: tuple(each) for name, each in own.items()}
        check_foldings(part, sides, _axes(part))
        check_no_empty(part, sides, _axes(part))


def _nodes(graph: Message) -> Iterator[Message]:
    """All nodes, those in bodies of `Scan` included."""
    for node in _all(graph, _NODE):
        yield node
        for body in _bodies([node]):
            if any(_one(each, _OPERATOR, "") == SCAN for each in _all(body, _NODE)):
                raise ValueError("a Scan in it holds another")
            yield from _all(body, _NODE)


def _bodies(nodes: Iterable[Message]) -> Iterator[Message]:
    for node in nodes:
        for attribute in _all(node, _ATTRIBUTE):
            yield from _all(attribute, _BODY)


def _check_node(node: Message) -> None:
    operator = _one(node, _OPERATOR, "")
    if operator not in ALLOWED or _one(node, _DOMAIN, "") not in _OURS:
        raise ValueError(f"its operator {operator[:40]!r} is none that scene models may use")
    inputs = node.get(_NODE_INPUT, [])
    if "" in inputs[: 1 if operator in SKIPPING else None]:
        raise ValueError(f"its operator {operator!r} lacks an input")
    attributes = {_one(each, 1, ""): each for each in _all(node, _ATTRIBUTE)}
    if len(attributes) != len(node.get(_ATTRIBUTE, [])):
        raise ValueError(f"its operator {operator!r} says something twice")
    if operator != SCAN and any(_BODY in each for each in attributes.values()):
        raise ValueError(f"its operator {operator!r} holds a graph")
    for each in attributes.values():
        for tensor in _all(each, _TENSOR):
            _check_tensor(tensor)
    _check_attributes(operator, attributes)


def _check_attributes(operator: str, attributes: Mapping[str, Message]) -> None:
    for name in _POSITIVE.intersection(attributes):
        held = attributes[name]
        if any(each < 1 for each in integers(held, _INTEGERS) + integers(held, _INTEGER)):
            raise ValueError(f"the {name} of its operator {operator!r} cannot be")
    if _one(attributes.get("to", {}), _INTEGER, 0) == _TEXT_TYPE or "value_string" in attributes:
        raise ValueError("it makes texts")


def _check_scan(node: Message, lengths: dict[str, list[int]]) -> None:
    """See to it that a `Scan` goes over tensors of a length that is known and bounded."""
    attributes = {_one(each, 1, ""): each for each in _all(node, _ATTRIBUTE)}
    if len(list(_bodies([node]))) != 1:
        raise ValueError("a Scan in it has no body")
    inputs = cast("list[str]", node.get(_NODE_INPUT, []))
    count = _one(attributes.get("num_scan_inputs", {}), _INTEGER, 0)
    axes = integers(attributes.get("scan_input_axes", {}), _INTEGERS) or [0] * count
    if not 0 < count <= len(inputs) or len(axes) != count:
        raise ValueError("a Scan in it goes over nothing")
    sides = (
        lengths.get(name, [])[axis : axis + 1]
        for name, axis in zip(inputs[-count:], axes, strict=True)
    )
    if not any(side and 0 < side[0] <= _MOST_STEPS for side in sides):
        raise ValueError(f"the length of a Scan in it is not known, or beyond {_MOST_STEPS}")


def _lengths(graph: Message) -> dict[str, list[int]]:
    """Sides of the tensors whose shape is told; 0 where it is not."""
    declared = {
        _one(each, 1, ""): _declared_sides(each) for each in _all(graph, _VALUE, _INPUT, _OUTPUT)
    }
    return declared | _weights_sides(graph)


def _own_sides(graph: Message) -> dict[str, list[int]]:
    """Sides of weights and inputs alone: of what is computed the file may tell anything."""
    declared = {_one(each, 1, ""): _declared_sides(each) for each in _all(graph, _INPUT)}
    return {name: sides for name, sides in declared.items() if sides} | _weights_sides(graph)


def _weights_sides(graph: Message) -> dict[str, list[int]]:
    """Sides of weights: of what a `Scan` hands its body the file may tell anything, too."""
    return {_one(each, 8, ""): integers(each, _SIDES) for each in _all(graph, _WEIGHTS)}


def _axes(graph: Message) -> dict[str, tuple[int, ...]]:
    """Weights that are a few whole numbers, as axes are."""
    held = {
        _one(each, 8, ""): cast("memoryview", each[_RAW][0])
        for each in _all(graph, _WEIGHTS)
        if _RAW in each and _one(each, _TYPE, 0) == _LONG_TYPE
    }
    return {
        name: tuple(
            int.from_bytes(raw[at : at + 8], "little", signed=True) for at in range(0, len(raw), 8)
        )
        for name, raw in held.items()
        if len(raw) <= 8 * _MOST_SIDES
    }


def _declared_sides(value: Message) -> list[int]:
    return [
        _one(side, 1, 0)
        for kind in _all(value, 2)
        for tensor in _all(kind, 1)
        for shape in _all(tensor, 2)
        for side in _all(shape, 1)
    ]


def _types(graph: Message) -> dict[str, int]:
    """Types of the tensors that tell it."""
    declared = {
        _one(value, 1, ""): _one(tensor, 1, 0)
        for value in _all(graph, _VALUE, _INPUT, _OUTPUT)
        for kind in _all(value, 2)
        for tensor in _all(kind, 1)
    }
    return declared | {_one(each, 8, ""): _one(each, _TYPE, 0) for each in _all(graph, _WEIGHTS)}


def _whole(graph: Message) -> frozenset[str]:
    """A few weights that are whole numbers and never 0; their bytes tell it of any type."""
    return frozenset(
        _one(each, 8, "")
        for each in _all(graph, _WEIGHTS)
        if _RAW in each and _has_no_zero(cast("memoryview", each[_RAW][0]), _one(each, _TYPE, 0))
    )


def _has_no_zero(held: memoryview, kind: int) -> bool:
    size = max(1, _BITS[kind] // 8)
    return len(held) <= _MOST_DIVISORS and all(
        any(held[at : at + size]) for at in range(0, len(held), size)
    )


def _check_value(value: Message) -> None:
    types = [tensor for kind in _all(value, 2) for tensor in _all(kind, 1)]
    if any(_one(each, 1, 0) not in _BITS for each in types):
        raise ValueError("a tensor of it is of no number's type")
    if len(_declared_sides(value)) > _MOST_SIDES:
        raise ValueError("a tensor of it has too many sides")


def _check_tensor(tensor: Message) -> None:
    """See to it that weights are numbers, and as many as their sides say."""
    bits, sides = _BITS.get(_one(tensor, _TYPE, 0)), integers(tensor, _SIDES)
    if bits is None or _one(tensor, 14, 0):
        raise ValueError("weights of it are no numbers, or lie in other files")
    # Of one side they may be none, as the ends of a Resize; convolutions divide by theirs.
    fewest = 0 if len(sides) < 2 else 1
    if len(sides) > _MOST_SIDES or any(side < fewest for side in sides):
        raise ValueError("weights of it have sides that cannot be")
    if math.prod(sides) * bits > 8 * _stored(tensor, bits):
        raise ValueError("weights of it are more than it holds")


def _stored(tensor: Message, bits: int) -> int:
    """The bytes that a tensor's numbers take, at most."""
    if _RAW in tensor:
        return len(cast("memoryview", tensor[_RAW][0]))
    numbers = [each for number in _NUMBERS for each in tensor.get(number, [])]
    return bits * sum(
        1 if isinstance(each, int) else len(cast("memoryview", each)) for each in numbers
    )


def _all(message: Message, *numbers: int) -> list[Message]:
    return [cast("Message", each) for number in numbers for each in message.get(number, [])]


def _one(message: Message, number: int, otherwise: T) -> T:
    """What a field that stands once holds."""
    return cast("T", message[number][0]) if number in message else otherwise
