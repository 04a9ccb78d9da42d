"""Reads the metadata of an ONNX file without ONNX.

A Jetson that runs an engine has neither onnx nor onnxruntime, and no backend should have to load
megabytes of weights to tell whether a file is whole. An ONNX file is one protobuf message whose
field 14 holds key-value pairs; everything else is stepped over.
"""

from __future__ import annotations

import os
from pathlib import Path

from edge_vad.onnx_parts import GRAPH, METADATA, read_pair
from edge_vad.protobuf import read_key

_LARGEST_METADATA = 16 * 2**20


def read(path: Path) -> dict[str, str]:
    """Read an ONNX file's `metadata_props`.

    Args:
        path: The file.

    Returns:
        Key to value; empty when the model has none.

    Raises:
        OSError: The file cannot be read.
        ValueError: It is no ONNX file, or ends too early.
    """
    found: dict[str, str] = {}
    has_graph = False
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        while file.tell() < size:
            field, length = read_key(file, size)
            has_graph |= field == GRAPH
            if field == METADATA:
                if length > _LARGEST_METADATA:
                    raise ValueError("its metadata is too large")
                key, value = read_pair(file.read(length))
                found[key] = value
            else:
                file.seek(length, os.SEEK_CUR)
    if not has_graph:
        raise ValueError("it holds no graph")
    return found
