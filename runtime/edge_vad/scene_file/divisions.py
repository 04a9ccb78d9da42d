"""Finds divisions of whole numbers, which end the process where they are by zero.

Only those by weights are allowed. Of other tensors it has to be sure that they are no whole
numbers: the file says their type, and ONNX Runtime refuses a file that says it wrongly; or they are
made by operators that keep the type of what they take.
"""

from __future__ import annotations

from typing import cast

from edge_vad.scene_file.parsing import Message

_DIVIDING = frozenset({"Div", "Mod"})
_FLOATS = frozenset({1, 10, 11, 16})
_KEEPING = frozenset(
    """Abs Add AveragePool Ceil Clip Concat Conv Div Erf Exp Expand Flatten Floor Gather Gemm
    Identity Log MatMul Max MaxPool Min Mul Neg Pad Pow Reciprocal ReduceL2 ReduceLogSumExp
    ReduceMax ReduceMean ReduceMin ReduceSum ReduceSumSquare Relu Reshape Resize Round Sigmoid Slice
    Softmax Softplus Sqrt Squeeze Sub Tanh Tile Transpose Unsqueeze""".split()  # noqa: SIM905
)


def check_divisions(graph: Message, types: dict[str, int], whole: frozenset[str]) -> None:
    """See to it that whole numbers are divided by weights alone.

    Args:
        graph: The graph; its nodes are in the order of computing.
        types: Type of each tensor whose type is told, by the numbers of ONNX's schema.
        whole: Weights that are whole numbers, of which none is 0.

    Raises:
        ValueError: They are not, or it is not sure.
    """
    floats = {name for name, kind in types.items() if kind in _FLOATS}
    for node in cast("list[Message]", graph.get(1, [])):
        inputs, outputs = (cast("list[str]", node.get(number, [])) for number in (1, 2))
        operator = node.get(4, [""])[0]
        is_float = bool(inputs) and inputs[0] in floats
        if operator in _DIVIDING and not (is_float or floats.union(whole).issuperset(inputs[1:2])):
            raise ValueError(f"its operator {operator!r} may divide whole numbers by zero")
        if operator in _KEEPING and is_float:
            floats.update(outputs[:1])
