"""Writes small ONNX files without ONNX.

A machine that only watches has no onnx package, and a check of its backends needs a graph to run.
An ONNX file is one protobuf message; the numbers below are those of its published schema.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from numpy.typing import NDArray

from edge_vad.onnx_file.wire import block, number

_TENSOR_TYPES = {"float32": 1, "uint8": 2, "int64": 7}
_INT_ATTRIBUTE, _INTS_ATTRIBUTE = 2, 7
_IR_VERSION, _OPSET = 8, 18

Shape = Sequence[int | str]


def node(
    operator: str, inputs: Sequence[str], output: str, **attributes: int | Sequence[int]
) -> bytes:
    """Encode a node with one output."""
    return (
        b"".join(_text(1, name) for name in inputs)
        + _text(2, output)
        + _text(4, operator)
        + b"".join(block(5, _attribute(name, value)) for name, value in attributes.items())
    )


def value(name: str, kind: str, shape: Shape) -> bytes:
    """Encode an input or output of a graph; a dimension with a name is dynamic."""
    dimensions = b"".join(
        block(1, _text(2, side) if isinstance(side, str) else number(1, side)) for side in shape
    )
    tensor = number(1, _TENSOR_TYPES[kind]) + block(2, dimensions)
    return _text(1, name) + block(2, block(1, tensor))


def model(
    nodes: Sequence[bytes],
    inputs: Sequence[bytes],
    outputs: Sequence[bytes],
    weights: Mapping[str, NDArray[Any]] | None = None,
    metadata: Mapping[str, str] | None = None,
) -> bytes:
    """Encode a whole model.

    Args:
        nodes: Of `node`, in the order of computing.
        inputs: Of `value`.
        outputs: Of `value`.
        weights: Name to float32 or int64 array.
        metadata: Goes into `metadata_props`.
    """
    tensors = (_tensor(name, array) for name, array in (weights or {}).items())
    graph = (
        b"".join(block(1, each) for each in nodes)
        + _text(2, "edge-vad")
        + b"".join(block(5, each) for each in tensors)
        + b"".join(block(11, each) for each in inputs)
        + b"".join(block(12, each) for each in outputs)
    )
    pairs = (_text(1, key) + _text(2, text) for key, text in (metadata or {}).items())
    return (
        number(1, _IR_VERSION)
        + block(7, graph)
        + block(8, number(2, _OPSET))
        + b"".join(block(14, pair) for pair in pairs)
    )


def _tensor(name: str, array: NDArray[Any]) -> bytes:
    return (
        b"".join(number(1, side) for side in array.shape)
        + number(2, _TENSOR_TYPES[array.dtype.name])
        + _text(8, name)
        + block(9, array.astype(array.dtype.newbyteorder("<")).tobytes())
    )


def _attribute(name: str, value: int | Sequence[int]) -> bytes:
    if isinstance(value, int):
        return _text(1, name) + number(3, value) + number(20, _INT_ATTRIBUTE)
    numbers = b"".join(number(8, each) for each in value)
    return _text(1, name) + numbers + number(20, _INTS_ATTRIBUTE)


def _text(field: int, text: str) -> bytes:
    return block(field, text.encode())
