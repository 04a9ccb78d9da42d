"""Holds an engine to the precision of its scene model, by its layers as they are read back.

Strongly typed networks promise to keep the types of the ONNX graph, and an exporter whose graph was
not converted writes an FP32 engine that is called FP16. So two things are read: the types of the
parsed network, which say what was asked for, and the layers of the engine, which say what was made
of it.
"""

from __future__ import annotations

from collections.abc import Sequence

from edge_vad.engine_file import EngineLayer
from edge_vad.errors import CheckFailed
from edge_vad_export.engines.layer_report import LOW, REST, NetworkLayer, is_cast, part_of

_CONVERTERS = frozenset({"CAST", "QUANTIZE", "DEQUANTIZE", "IDENTITY", "SHUFFLE", "CONSTANT"})


def demand_engine_precision(
    precision: str, network: Sequence[NetworkLayer], layers: Sequence[EngineLayer]
) -> None:
    """See to it that an engine computes in what its scene model says.

    Args:
        precision: What the encoders should compute in: `fp32`, `fp16` or `int8`.
        network: The parsed network.
        layers: The engine's layers.

    Raises:
        CheckFailed: The encoders are in FP32 though less was asked for, an energy is in less
            than FP32, or nothing could be read back.
    """
    if not layers:
        raise CheckFailed(
            "the engine's layers could not be read back, so its precision is not known",
            "report this with the output of edge-vad doctor; nothing was written",
        )
    _demand_low_encoders(precision, network, layers)
    strays = stray_nodes(network) + stray_layers(layers)
    if strays:
        raise CheckFailed(
            f"{len(strays)} layers outside the encoders would lose precision: "
            f"{', '.join(strays[:3])}",
            "export the scene again; nothing was written",
        )


def stray_nodes(network: Sequence[NetworkLayer]) -> list[str]:
    """Layers of a network that make a tensor of low precision that is none of an encoder's.

    Such a tensor is an encoder's when, going up or down through casts and quantisers, the next
    layer is of an encoder.
    """
    makers = {tensor: node for node in network for tensor in node.writes}
    users: dict[str, list[NetworkLayer]] = {}
    for node in network:
        for tensor in node.reads:
            users.setdefault(tensor, []).append(node)

    def comes_from_encoder(node: NetworkLayer) -> bool:
        while node.kind in _CONVERTERS and part_of(node.name) == REST:
            above = [makers[tensor] for tensor in node.reads if tensor in makers]
            if not above:
                return False
            node = above[0]
        return part_of(node.name) != REST

    def goes_to_encoder(tensor: str) -> bool:
        return any(
            part_of(user.name) != REST
            or (user.kind in _CONVERTERS and any(map(goes_to_encoder, user.writes)))
            for user in users.get(tensor, [])
        )

    return [
        node.name
        for node in network
        for tensor, type_name in node.writes.items()
        if type_name in LOW and not comes_from_encoder(node) and not goes_to_encoder(tensor)
    ]


def stray_layers(layers: Sequence[EngineLayer]) -> list[str]:
    """Layers of an engine that hold no node of an encoder, and weights or outputs in less."""
    return [
        layer.name
        for layer in layers
        if layer.nodes
        and all(part_of(node) == REST and not is_cast(node) for node in layer.nodes)
        and LOW.intersection((*layer.writes, *layer.holds))
    ]


def _demand_low_encoders(
    precision: str, network: Sequence[NetworkLayer], layers: Sequence[EngineLayer]
) -> None:
    """Hold the engine to the graph, and the graph to what it is called."""
    if precision == "fp32":
        return
    makers = {tensor: node.kind for node in network for tensor in node.writes}
    convolutions = [
        node for node in network if node.kind == "CONVOLUTION" and part_of(node.name) != REST
    ]
    asked = [
        node.name
        for node in convolutions
        if precision in node.writes.values()
        or (precision == "int8" and makers.get(node.reads[0]) == "DEQUANTIZE")
    ]
    given = {
        node
        for layer in layers
        for node in layer.nodes
        if precision in (*layer.reads, *layer.writes, *layer.holds)
    }
    if not asked:
        raise CheckFailed(
            f"the scene model is called {precision}, and none of the {len(convolutions)} "
            "convolutions of its encoders is",
            f"export the scene again with --{precision}; nothing was written",
        )
    high = [name for name in asked if name not in given]
    if high:
        raise CheckFailed(
            f"the engine does not compute in {precision} where the scene model asks for it: "
            f"{', '.join(high[:3])}",
            "report this with the output of edge-vad doctor; nothing was written",
        )
