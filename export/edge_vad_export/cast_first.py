"""Casts the frame before it is moved: TensorRT takes bytes at its door and nowhere further in."""

from __future__ import annotations

import onnx


def cast_first(graph: onnx.GraphProto) -> None:
    """Let every cast that follows the transposition of an input go before it; exact, as it moves.

    TensorRT accepts uint8 as an input's type, but no layer other than a cast computes with it.
    """
    users: dict[str, list[onnx.NodeProto]] = {}
    for node in graph.node:
        for tensor in node.input:
            users.setdefault(tensor, []).append(node)
    inputs = {each.name for each in graph.input}
    for node in graph.node:
        if node.op_type == "Transpose" and node.input[0] in inputs:
            after = users.get(node.output[0], [])
            if len(after) == 1 and after[0].op_type == "Cast":
                _swap(node, after[0], graph)


def _swap(transpose: onnx.NodeProto, cast: onnx.NodeProto, graph: onnx.GraphProto) -> None:
    """Exchange what two nodes in a row do, so that both keep their places in the graph."""
    between = transpose.output[0]
    first, second = onnx.NodeProto(), onnx.NodeProto()
    first.CopyFrom(cast)
    second.CopyFrom(transpose)
    first.input[:], first.output[:] = transpose.input[:], [between]
    second.input[:], second.output[:] = [between], cast.output[:]
    transpose.CopyFrom(first)
    cast.CopyFrom(second)
    for info in [each for each in graph.value_info if each.name == between]:
        graph.value_info.remove(info)
