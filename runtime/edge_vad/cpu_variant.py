"""Puts what CPUs compute otherwise in the place of what all devices can, without ONNX.

A scene's graph is one that every backend takes. Where CPUs have a quicker way to the same tensors,
by operators that engines do not know, its nodes lie beside the graph, in the file's metadata.
"""

from __future__ import annotations

import base64

from edge_vad.errors import BadModel
from edge_vad.onnx_parts import GRAPH, METADATA, NODE, Field, fields, read_node, read_pair
from edge_vad.protobuf import block

KEY = "edge-vad.cpu"

_ALPHABET = b"-_"
"""The last two digits of base 64, as in addresses."""


def encode(variant: bytes) -> str:
    """Make metadata of a graph whose nodes end in tensors that the scene's graph has, too."""
    return base64.b64encode(variant, _ALPHABET).decode()


def decode(held: str) -> bytes:
    """The graph in such metadata.

    Raises:
        ValueError: There is none.
    """
    return base64.b64decode(held, _ALPHABET, validate=True)


def with_variant(model: bytes) -> bytes:
    """Let the variant's nodes make the tensors that they can make.

    Args:
        model: Content of an ONNX file.

    Returns:
        The model with the variant in its graph, and without the nodes that it stands for; what
        only these needed is still there, see `needed_graph`. As it is where there is no variant.

    Raises:
        ValueError: It is no ONNX file.
        BadModel: The variant is broken.
    """
    pairs = (read_pair(each.content) for each in fields(model) if each.number == METADATA)
    held = next((value for key, value in pairs if key == KEY), None)
    if held is None:
        return model
    variant, made = _decode(held)
    return b"".join(
        block(GRAPH, _replace(field.content, variant, made))
        if field.number == GRAPH
        else field.whole
        for field in fields(model)
    )


def _decode(held: str) -> tuple[list[Field], set[str]]:
    """A variant's fields, and the tensors that it makes."""
    try:
        variant = list(fields(decode(held)))
        nodes = [read_node(each.content) for each in variant if each.number == NODE]
    except ValueError as error:
        raise BadModel(
            f"what the scene model holds for CPUs is broken ({error})",
            "write it again with edge-vad export",
        ) from None
    return variant, {name for node in nodes for name in node.outputs}


def _replace(graph: bytes, variant: list[Field], made: set[str]) -> bytes:
    """Put a variant's nodes before the first node that takes what they make."""
    kept, is_placed = [], False
    for field in fields(graph):
        if field.number == NODE:
            node = read_node(field.content)
            if not made.isdisjoint(node.outputs):
                continue
            if not is_placed and not made.isdisjoint(node.inputs):
                kept += [each.whole for each in variant]
                is_placed = True
        kept.append(field.whole)
    return b"".join(kept) if is_placed else graph
