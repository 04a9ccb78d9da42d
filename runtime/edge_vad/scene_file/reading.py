"""Reads a scene model's file, and holds it to what may stand there."""

from __future__ import annotations

from pathlib import Path

from edge_vad.errors import BadModel
from edge_vad.files.bounded import read_bounded, reason_of
from edge_vad.onnx_file.parts import GRAPH, METADATA, read_pair
from edge_vad.onnx_file.wire import split
from edge_vad.scene_file.checking import check_graph
from edge_vad.scene_file.digest import check_digest
from edge_vad.scene_file.parsing import LARGEST_FILE, LONGEST_TEXT
from edge_vad.untrusted import shorten, shown_path


def read(path: Path) -> bytes:
    """Read the file.

    Raises:
        BadModel: It cannot be read, or is larger than `LARGEST_FILE`.
    """
    try:
        return read_bounded(path, LARGEST_FILE)
    except (OSError, ValueError) as error:
        raise BadModel(
            f"{shown_path(path)} cannot be read ({reason_of(error)})",
            "give the ONNX file that edge-vad export wrote",
        ) from None


def metadata(content: bytes, path: Path) -> dict[str, str]:
    """The metadata of an ONNX file, whatever else it holds.

    Args:
        content: The file.
        path: Named in errors.

    Raises:
        BadModel: It is no ONNX file, or ends too early.
    """
    try:
        found = list(split(memoryview(content)))
        if all(number != GRAPH for number, _ in found):
            raise ValueError("it holds no graph")
        pairs = [value for number, value in found if number == METADATA]
        if any(isinstance(each, int) or len(each) > LONGEST_TEXT for each in pairs):
            raise ValueError("its metadata is too large, or none")
        return dict(read_pair(bytes(each)) for each in pairs)
    except ValueError as error:
        raise BadModel(
            f"{path} cannot be read as an ONNX file ({error})",
            "write it again with edge-vad export",
        ) from None


def check(content: bytes, path: Path) -> None:
    """See to it that a scene model is as it was written, and holds nothing that it may not.

    Args:
        content: The file.
        path: Named in errors.

    Raises:
        BadModel: It is not.
    """
    try:
        check_digest(content)
        check_graph(content)
    except ValueError as error:
        raise BadModel(
            f"{path} is no scene model to rely on: {shorten(str(error))}",
            f"write it anew from its training: edge-vad export runs/SCENE --out {path}",
        ) from None
