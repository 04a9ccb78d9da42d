"""The layers of a parsed network and of a built engine, read from TensorRT's own report."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from edge_vad.backends.tensorrt_library import Library
from edge_vad.engine_file import EngineLayer

if TYPE_CHECKING:
    import tensorrt as trt

_BY_PRECISION = ("int8", "fp8", "bf16", "fp16", "fp32")

LOW = frozenset(_BY_PRECISION) - {"fp32"}
"""Types of less precision than the energies may have."""

REST = "energy and the rest"

_ENCODER = re.compile(r"\w+_encoder(?=[./])")
_NODE = re.compile(r"\[ONNX Layer: ([^\]]+)\]")
_TENSORS = r"\[(?:\s*\{[^}]*\},?)*\s*\]"
_LAYER = re.compile(
    rf"Name: (?P<name>.*?), LayerType: \S+?, Inputs: (?P<reads>{_TENSORS}), "
    rf"(?:Constants: (?P<holds>{_TENSORS}), )?Outputs: (?P<writes>{_TENSORS})(?P<rest>.*)"
)
_TYPE = re.compile(r"Datatype: ([^},]*)")
_KIND = re.compile(
    "bf16|bfloat|half|fp16|fp8|float|fp32|uint8|int8|int32|int64|bool", re.IGNORECASE
)
_OTHER_NAMES = {"bfloat": "bf16", "half": "fp16", "float": "fp32"}


class NetworkLayer(NamedTuple):
    """A layer of a parsed network, before it is optimised.

    Attributes:
        name: Name of the ONNX node, or the parser's name for a helper of its own.
        kind: Such as `CONVOLUTION`.
        reads: Names of its inputs.
        writes: Name of each output to its type.
    """

    name: str
    kind: str
    reads: tuple[str, ...]
    writes: dict[str, str]


def part_of(node: str) -> str:
    """The part of the scene's network that an ONNX node belongs to: an encoder, or the rest."""
    found = _ENCODER.search(node)
    return found[0] if found else REST


def read_network(network: trt.INetworkDefinition) -> list[NetworkLayer]:
    """Read the layers of a parsed network with their types."""
    return [_read_layer(network.get_layer(index)) for index in range(network.num_layers)]


def _read_layer(layer: trt.ILayer) -> NetworkLayer:
    inputs = [layer.get_input(number) for number in range(layer.num_inputs)]
    outputs = [layer.get_output(number) for number in range(layer.num_outputs)]
    return NetworkLayer(
        layer.name,
        layer.type.name,
        tuple(each.name for each in inputs if each is not None),
        {each.name: _type_name(str(each.dtype)) for each in outputs if each is not None},
    )


def inspect(library: Library, engine: trt.ICudaEngine) -> list[EngineLayer]:
    """Read the layers of an engine back."""
    if not TYPE_CHECKING:
        trt = library.api
    inspector = engine.create_engine_inspector()
    text = inspector.get_engine_information(trt.LayerInformationFormat.ONELINE)
    return parse_layers(text.splitlines())


def parse_layers(lines: Iterable[str]) -> list[EngineLayer]:
    """Parse the lines in which TensorRT describes an engine's layers, one a line."""
    return [
        EngineLayer(
            found["name"],
            tuple(_NODE.findall(found["rest"])),
            _types_in(found["reads"]),
            _types_in(found["writes"]),
            _types_in(found["holds"] or ""),
        )
        for found in filter(None, map(_LAYER.search, lines))
    ]


def summarise(layers: Sequence[EngineLayer]) -> dict[str, dict[str, int]]:
    """Count an engine's layers by part and type; those that only cast or copy are left out.

    A layer that computes nodes of an encoder counts there, with the lowest type that it touches.
    """
    counts: dict[str, Counter[str]] = {}
    for layer in layers:
        parts = {part_of(node) for node in layer.nodes if not is_cast(node)}
        for part in sorted(parts - {REST} or parts):
            counts.setdefault(part, Counter())[_precision_of(layer)] += 1
    return {
        part: dict(counts[part]) for part in sorted(counts, key=lambda part: (part == REST, part))
    }


def _precision_of(layer: EngineLayer) -> str:
    touched = {*layer.reads, *layer.writes, *layer.holds}
    if all(part_of(node) == REST for node in layer.nodes):
        touched = {*layer.writes, *layer.holds}  # what it reads may be an encoder's
        if any(map(is_cast, layer.nodes)):  # and so may what it casts
            touched = touched - LOW or touched
    return next((name for name in _BY_PRECISION if name in touched), "other")


def is_cast(node: str) -> bool:
    """Whether an ONNX node only changes a type."""
    return "cast" in node.lower() or "quantizelinear" in node.lower()


def _types_in(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(map(_type_name, _TYPE.findall(text))))


def _type_name(text: str) -> str:
    found = _KIND.search(text)
    name = found[0].lower() if found else text.strip()
    return _OTHER_NAMES.get(name, name)
