"""Finds convolutions with weights of another number of sides, which end ONNX Runtime at loading.

What is not known passes: only where both numbers are sure, and differ, a graph is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from edge_vad.scene_file.parsing import Message

_WEIGHTS_OF = {"Conv": 1, "ConvTranspose": 1, "ConvInteger": 1, "QLinearConv": 3}
"""Operators that fold, and which of their inputs holds the weights."""
_KEEPING = frozenset(
    """Abs AveragePool BatchNormalization Cast Ceil Clip Conv ConvInteger ConvTranspose Elu Erf Exp
    Floor GlobalAveragePool GlobalMaxPool Identity Log LogSoftmax MaxPool Neg Pad QLinearConv
    Reciprocal Relu Resize Round Sigmoid Slice Softmax Softplus Sqrt Tanh
    Transpose""".split()  # noqa: SIM905
)
_BROADCASTING = frozenset({"Add", "Div", "Max", "Min", "Mul", "Pow", "Sub"})
_FEWER, _MORE = "Squeeze", "Unsqueeze"


def check_foldings(graph: Message, sides: Mapping[str, tuple[int, ...]]) -> None:
    """See to it that no convolution's weights are known to be of another number of sides.

    Args:
        graph: The graph; its nodes are in the order of computing.
        sides: Of its weights and inputs.

    Raises:
        ValueError: They are.
    """
    counts = {name: len(each) for name, each in sides.items()}
    for node in cast("list[Message]", graph.get(1, [])):
        inputs, outputs = (cast("list[str]", node.get(number, [])) for number in (1, 2))
        operator = cast("str", node.get(4, [""])[0])
        place = _WEIGHTS_OF.get(operator)
        if place is not None and place < len(inputs):
            taken, weights = counts.get(inputs[0]), counts.get(inputs[place])
            if None not in (taken, weights) and taken != weights:
                raise ValueError(f"its operator {operator!r} has weights of another shape")
        made = _count(operator, node, [counts.get(each) for each in inputs], sides)
        for name in outputs[:1]:
            if made is None:
                counts.pop(name, None)
            else:
                counts[name] = made


def _count(
    operator: str, node: Message, taken: list[int | None], sides: Mapping[str, tuple[int, ...]]
) -> int | None:
    """How many sides the tensor has that a node makes, where that is known."""
    known = [each for each in taken if each is not None]
    if not taken or taken[0] is None:
        return None
    if operator in _KEEPING:
        return taken[0]
    if operator in _BROADCASTING:
        return max(known) if len(known) == len(taken) else None
    if operator in (_FEWER, _MORE) or operator.startswith("Reduce"):
        return _counted_axes(operator, node, taken[0], sides)
    return None


def _counted_axes(
    operator: str, node: Message, taken: int, sides: Mapping[str, tuple[int, ...]]
) -> int | None:
    attributes = {each.get(1, [""])[0]: each for each in cast("list[Message]", node.get(5, []))}
    if operator.startswith("Reduce") and attributes.get("keepdims", {}).get(3, [1])[0] == 1:
        return taken
    axes = sides.get(cast("str", [*node.get(1, []), "", ""][1]), ())
    if len(axes) != 1 or "axes" in attributes:
        return None
    return taken + axes[0] if operator == _MORE else taken - axes[0]
