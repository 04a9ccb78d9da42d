"""Holds `TopK` to tensors that hold something; ONNX Runtime ends the process over others.

The sides of tensors are followed through the graph, for some sizes of batch. Where those of what a
`TopK` takes are not known, the graph is refused: the exporter writes none of which they are not.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, cast

from edge_vad.scene_file.parsing import Message, integers

_BATCHES = (1, 2, 64)
_LARGEST = 2**31
_SAME = frozenset(
    """Abs BatchNormalization Cast Ceil Clip CumSum DequantizeLinear Elu Erf Exp Floor Identity
    IsInf IsNaN LayerNormalization LeakyRelu Log LogSoftmax Neg Not QuantizeLinear Reciprocal Relu
    Round Sigmoid Sign Softmax Softplus Sqrt Tanh Trilu""".split()  # noqa: SIM905
)
_SPREAD = frozenset(
    """Add And BitwiseAnd BitwiseOr BitwiseXor Div Equal Greater GreaterOrEqual Less LessOrEqual
    Max Mean Min Mod Mul Or PRelu Pow Sub Sum Where Xor""".split()  # noqa: SIM905
)
_FOLDING = frozenset({"Conv", "ConvInteger"})
_POOLING = frozenset({"AveragePool", "MaxPool"})
_INDEXING = "GatherElements"
"""Makes as many numbers as it takes indices, whatever it picks them from."""

Sides = tuple[int, ...]


class _Node(NamedTuple):
    """A node whose inputs' sides are known.

    Attributes:
        operator: What it does.
        sides: Of its inputs.
        numbers: What its inputs hold, where that is a few whole numbers of the file.
        attributes: Name to message.
    """

    operator: str
    sides: Sequence[Sides]
    numbers: Sequence[Sides | None]
    attributes: Mapping[str, Message]

    def number(self, name: str, otherwise: int) -> int:
        return cast("int", self.attributes.get(name, {}).get(3, [otherwise])[0])

    def signed(self, name: str, otherwise: int) -> int:
        value = self.number(name, otherwise)
        return value - 2**64 if value >= 2**63 else value

    def many(self, name: str, otherwise: Sequence[int]) -> list[int]:
        return integers(self.attributes.get(name, {}), 8) or list(otherwise)

    def held(self, place: int) -> Sides:
        """Whole numbers that an input holds; ValueError where they are not known."""
        found = self.numbers[place] if place < len(self.numbers) else None
        if found is None:
            raise ValueError("they are computed")
        return found


def check_no_empty(
    graph: Message, sides: Mapping[str, Sides], numbers: Mapping[str, Sides]
) -> None:
    """See to it that what `TopK` takes holds something.

    Args:
        graph: The graph; its nodes are in the order of computing.
        sides: Of its weights and inputs; 0 for the size of a batch.
        numbers: What those of its weights hold that are a few whole numbers.

    Raises:
        ValueError: It may be empty, or it is not sure.
    """
    nodes = cast("list[Message]", graph.get(1, []))
    if any(node.get(4) == ["TopK"] for node in nodes):
        for batch in _BATCHES:
            _follow(nodes, {name: _of(each, batch) for name, each in sides.items()}, numbers)


def _of(sides: Sides, batch: int) -> Sides:
    return (batch, *sides[1:]) if sides[:1] == (0,) and len(sides) > 1 else sides


def _follow(
    nodes: Sequence[Message], known: dict[str, Sides], numbers: Mapping[str, Sides]
) -> None:
    for message in nodes:
        inputs, outputs = (cast("list[str]", message.get(number, [])) for number in (1, 2))
        node = _node(message, inputs, known, numbers)
        made = _made(node) if node else None
        if message.get(4) == ["TopK"] and (made is None or not math.prod(known[inputs[0]])):
            raise ValueError("its operator 'TopK' may take a tensor that is empty")
        for name in outputs:
            known.pop(name, None)
            if made is not None:
                known[name] = made


def _node(
    message: Message,
    inputs: Sequence[str],
    known: Mapping[str, Sides],
    numbers: Mapping[str, Sides],
) -> _Node | None:
    """A node; None where the sides of an input are not known, and are needed."""
    if any(each and each not in known for each in inputs[_decided_by(message) :]):
        return None
    sides = [known.get(each, ()) for each in inputs]
    held = [numbers.get(each) for each in inputs]
    attributes = {
        cast("str", each.get(1, [""])[0]): each
        for each in cast("list[Message]", message.get(5, []))
    }
    return _Node(cast("str", message.get(4, [""])[0]), sides, held, attributes)


def _decided_by(message: Message) -> int:
    """The first input that the sides of the output depend on; those of what is picked do not."""
    return 1 if message.get(4) == [_INDEXING] else 0


def _made(node: _Node) -> Sides | None:
    """Sides of what a node makes; None where they are not known, or it fails."""
    is_reducing = node.operator.startswith(("Arg", "Reduce"))
    rule = _RULES.get(node.operator) or (_reduced if is_reducing else None)
    try:
        made = rule(node) if rule and node.sides else None
    except (ValueError, IndexError, ZeroDivisionError):
        return None
    is_sound = made is not None and all(0 <= side < _LARGEST for side in made)
    return made if is_sound else None


def _spread(*several: Sides) -> Sides:
    most = max(map(len, several))
    columns = zip(*((1,) * (most - len(each)) + each for each in several), strict=True)
    spread = []
    for column in columns:
        others = set(column) - {1}
        if len(others) > 1:
            raise ValueError("they do not fit")
        spread.append(others.pop() if others else 1)
    return tuple(spread)


def _multiplied(node: _Node) -> Sides:
    first, second = node.sides[:2]
    if min(len(first), len(second)) < 2:
        raise ValueError("a vector")
    return (*_spread(first[:-2], second[:-2]), first[-2], second[-1])


def _reshaped(node: _Node) -> Sides:
    taken, keeps_zero = node.sides[0], node.number("allowzero", 0)
    wanted = [side or (0 if keeps_zero else taken[at]) for at, side in enumerate(node.held(1))]
    if -1 in wanted:
        wanted[wanted.index(-1)] = math.prod(taken) // -math.prod(wanted)
    return tuple(wanted)


def _reduced(node: _Node) -> Sides:
    taken = node.sides[0]
    if node.operator.startswith("Arg"):
        named: Sequence[int] = [node.signed("axis", 0)]
    else:
        named = node.held(1) if len(node.sides) > 1 else node.many("axes", range(len(taken)))
    axes = {axis % len(taken) for axis in named}
    kept = node.number("keepdims", 1)
    return tuple(
        1 if at in axes else side for at, side in enumerate(taken) if kept or at not in axes
    )


def _sliced(node: _Node) -> Sides:
    made = list(node.sides[0])
    starts, ends = node.held(1), node.held(2)
    axes = node.held(3) if len(node.sides) > 3 else range(len(starts))
    steps = node.held(4) if len(node.sides) > 4 else (1,) * len(starts)
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        made[axis] = len(range(*slice(start, end, step).indices(node.sides[0][axis])))
    return tuple(made)


def _joined(node: _Node) -> Sides:
    axis = node.signed("axis", 0)
    made = list(node.sides[0])
    made[axis] = sum(each[axis] for each in node.sides)
    return tuple(made)


def _picked(node: _Node) -> Sides:
    taken, axis = node.sides[0], node.signed("axis", 0) % len(node.sides[0])
    return taken[:axis] + node.sides[1] + taken[axis + 1 :]


def _more(node: _Node) -> Sides:
    made, axes = list(node.sides[0]), node.held(1)
    for axis in sorted(axis % (len(made) + len(axes)) for axis in axes):
        made.insert(axis, 1)
    return tuple(made)


def _fewer(node: _Node) -> Sides:
    taken = node.sides[0]
    axes = {axis % len(taken) for axis in node.held(1)}
    return tuple(side for at, side in enumerate(taken) if at not in axes)


def _padded(node: _Node) -> Sides:
    taken, pads = node.sides[0], node.held(1)
    axes = node.held(3) if len(node.sides) > 3 else range(len(taken))
    made = list(taken)
    for at, axis in enumerate(axes):
        made[axis] += pads[at] + pads[at + len(axes)]
    return tuple(made)


def _turned(node: _Node) -> Sides:
    taken = node.sides[0]
    return tuple(taken[axis] for axis in node.many("perm", range(len(taken))[::-1]))


def _folded(node: _Node) -> Sides:
    """Sides of what convolutions and poolings make."""
    taken, is_pooling = node.sides[0], node.operator in _POOLING
    if node.number("ceil_mode", 0) or ("auto_pad" in node.attributes and not _is_padded(node)):
        raise ValueError("not written by the exporter")
    kernel = node.many("kernel_shape", () if is_pooling else node.sides[1][2:])
    count = len(kernel)
    strides, dilations = node.many("strides", [1] * count), node.many("dilations", [1] * count)
    pads = node.many("pads", [0] * 2 * count)
    reaches = [1 + (side - 1) * step for side, step in zip(kernel, dilations, strict=True)]
    room = [taken[2 + at] + pads[at] + pads[count + at] for at in range(count)]
    sides = [(room[at] - reaches[at]) // strides[at] + 1 for at in range(count)]
    return (taken[0], taken[1] if is_pooling else node.sides[1][0], *sides)


def _is_padded(node: _Node) -> bool:
    return bytes(cast("memoryview", node.attributes["auto_pad"][4][0])) == b"NOTSET"


def _highest(node: _Node) -> Sides:
    made, (count,) = list(node.sides[0]), node.held(1)
    made[node.signed("axis", -1)] = count
    return tuple(made)


_RULES: dict[str, Callable[[_Node], Sides]] = {
    **dict.fromkeys(_SAME, lambda node: node.sides[0]),
    **dict.fromkeys(_SPREAD, lambda node: _spread(*node.sides)),
    **dict.fromkeys(_FOLDING | _POOLING, _folded),
    "Concat": _joined,
    "Gather": _picked,
    _INDEXING: lambda node: node.sides[1],
    "MatMul": _multiplied,
    "MatMulInteger": _multiplied,
    "Pad": _padded,
    "Reshape": _reshaped,
    "Slice": _sliced,
    "Squeeze": _fewer,
    "TopK": _highest,
    "Transpose": _turned,
    "Unsqueeze": _more,
}
