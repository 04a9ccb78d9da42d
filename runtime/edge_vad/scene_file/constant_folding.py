"""Holds convolutions to tensors of as many sides as their weights; others end ONNX Runtime.

How many sides a tensor has is followed through the graph. Where that is not known for what a
convolution takes, the graph is refused: the exporter writes none of which it is not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import cast

from edge_vad.scene_file.parsing import Message

_WEIGHTS_OF = {"Conv": 1, "ConvInteger": 1, "QLinearConv": 3}
"""Operators that fold, and which of their inputs holds the weights."""
_KEEPING = frozenset(
    """Abs And AveragePool BatchNormalization Cast Ceil Clip Concat Conv ConvInteger CumSum
    DepthToSpace DequantizeLinear Elu Erf Exp Floor GlobalAveragePool GlobalMaxPool Identity
    IsInf IsNaN LayerNormalization LeakyRelu Log LogSoftmax MaxPool Neg Not Pad QLinearConv
    QuantizeLinear Reciprocal Relu Resize Round Sigmoid Sign Slice Softmax Softplus
    SpaceToDepth Split Sqrt Tanh Tile TopK Transpose Trilu""".split()  # noqa: SIM905
)
_BROADCASTING = frozenset(
    """Add BitwiseAnd BitwiseOr BitwiseXor Div Equal Expand Gather Greater GreaterOrEqual
    Less LessOrEqual MatMul Max Mean Min Mod Mul Or PRelu Pow Sub Sum Where Xor""".split()  # noqa: SIM905
)
_FLAT = frozenset({"Flatten", "Gemm"})
_FEWER, _MORE = "Squeeze", "Unsqueeze"
_INDEXING = "GatherElements"
_EXPANDING, _PICKING, _MULTIPLYING = "Expand", "Gather", "MatMul"
_REDUCING = ("Arg", "Reduce")

Counts = Sequence["int | None"]
Numbers = Mapping[str, tuple[int, ...]]


def check_foldings(graph: Message, sides: Numbers, axes: Numbers) -> None:
    """See to it that what convolutions take has as many sides as their weights.

    Args:
        graph: The graph; its nodes are in the order of computing.
        sides: Of its weights and inputs.
        axes: What those of its weights hold that are a few whole numbers.

    Raises:
        ValueError: It has others, or it is not sure.
    """
    counts = {name: len(each) for name, each in sides.items()}
    for node in cast("list[Message]", graph.get(1, [])):
        inputs, outputs = (cast("list[str]", node.get(number, [])) for number in (1, 2))
        operator = cast("str", node.get(4, [""])[0])
        taken = [counts.get(each) for each in inputs]
        _check_weights(operator, taken)
        made = _count(operator, node, taken, sides, axes)
        for name in outputs:
            if made is None:
                counts.pop(name, None)
            else:
                counts[name] = made


def _check_weights(operator: str, taken: Counts) -> None:
    place = _WEIGHTS_OF.get(operator)
    if place is None:
        return
    if len(taken) <= place or None in (taken[0], taken[place]) or taken[0] != taken[place]:
        raise ValueError(
            f"its operator {operator!r} has weights of another shape, or takes one that is not sure"
        )


def _count(
    operator: str, node: Message, taken: Counts, sides: Numbers, axes: Numbers
) -> int | None:
    """How many sides the tensors have that a node makes, where that is known."""
    if operator in _FLAT:
        return 2
    if operator == "Reshape":
        return _length(node, 1, sides)
    if operator == _INDEXING:
        return taken[1] if len(taken) > 1 else None
    first = taken[0] if taken else None
    if first is None or operator in _KEEPING:
        return first
    if operator in _BROADCASTING:
        return _joined(operator, [*taken, *_wanted(operator, node, sides)])
    if operator in (_FEWER, _MORE) or operator.startswith(_REDUCING):
        return _counted_axes(operator, node, first, axes)
    return None


def _wanted(operator: str, node: Message, sides: Numbers) -> Iterator[int | None]:
    if operator == _EXPANDING:
        yield _length(node, 1, sides)


def _joined(operator: str, taken: Counts) -> int | None:
    """Of tensors that are spread over one another, or of one from which others pick."""
    known = [each for each in taken if each is not None]
    if len(known) != len(taken) or (operator == _MULTIPLYING and min(known) < 2):
        return None
    return sum(known) - 1 if operator == _PICKING else max(known)


def _length(node: Message, place: int, sides: Numbers) -> int | None:
    """How many numbers an input holds that is a weight of one side."""
    held = sides.get(cast("str", [*node.get(1, []), *[""] * (place + 1)][place]), ())
    return held[0] if len(held) == 1 else None


def _counted_axes(operator: str, node: Message, taken: int, axes: Numbers) -> int | None:
    attributes = {each.get(1, [""])[0]: each for each in cast("list[Message]", node.get(5, []))}
    if operator.startswith(_REDUCING) and attributes.get("keepdims", {}).get(3, [1])[0] == 1:
        return taken
    if operator.startswith("Arg"):
        return taken - 1
    named = axes.get(cast("str", [*node.get(1, []), "", ""][1]))
    if named is None or "axes" in attributes:
        return None
    made = taken + len(named) if operator == _MORE else taken - len(named)
    # Of several axes two may be one.
    places = {each % max(taken, made, 1) for each in named}
    return made if len(places) == len(named) else None
