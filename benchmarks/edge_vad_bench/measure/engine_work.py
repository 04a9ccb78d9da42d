"""What an engine launches and moves for a frame: its layers hold several operators of the graph."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from edge_vad_bench.measure.graph_work import VIEWS, GraphWork

if TYPE_CHECKING:
    import onnx

Layers = Sequence[Sequence[str]]
"""The ONNX nodes of each layer; a layer without any counts a loop's turns, or is a constant."""

Tensor = tuple[str, str]
"""The loop that a tensor belongs to, and its name there."""


def launches_of(layers: Layers, trips: Mapping[str, int]) -> int:
    """Kernels that an engine launches for a frame: layers of a loop as often as it turns.

    Args:
        layers: The nodes of each layer.
        trips: Loop to its turns, see `GraphWork`.

    Example:
        >>> launches_of([["a"], ["loop.b", "loop.c"], []], {"loop": 8})
        9
    """
    return sum(_turns(nodes, trips) for nodes in layers if nodes)


def bytes_of(content: bytes, work: GraphWork, layers: Layers) -> int:
    """Bytes that the layers of an engine read and write for a frame.

    What one operator hands to another within a layer stays in registers; what another layer needs,
    or the next turn of a loop, goes through memory. Views and operators that are in no layer cost
    nothing themselves.

    Args:
        content: The graph.
        work: What its operators do.
        layers: The nodes of each layer.
    """
    flow = _follow(content, {name for nodes in layers for name in nodes})
    return sum(
        _turns(nodes, work.trips) * _crossing(flow, work, nodes) for nodes in layers if nodes
    )


def _turns(nodes: Sequence[str], trips: Mapping[str, int]) -> int:
    loops = (name for name in trips for node in nodes if node.startswith(f"{name}."))
    return trips.get(next(loops, ""), 1)


@dataclass
class _Flow:
    """Which node makes and needs which tensor; tensors are named by what they are a view of."""

    made: dict[str, list[Tensor]] = field(default_factory=dict)
    needed: dict[str, list[Tensor]] = field(default_factory=dict)
    users: dict[Tensor, set[str]] = field(default_factory=dict)
    viewed: dict[Tensor, Tensor] = field(default_factory=dict)

    def root(self, tensor: Tensor) -> Tensor:
        """What a tensor is a view of."""
        while tensor in self.viewed:
            tensor = self.viewed[tensor]
        return tensor

    def used(self, tensor: Tensor) -> set[str]:
        """The nodes that need a tensor or a view of it."""
        return self.users.get(self.root(tensor), set())


def _follow(content: bytes, in_layers: set[str]) -> _Flow:
    import onnx

    flow = _Flow()
    for scope, graph in _graphs(onnx.load_from_string(content).graph):
        for node in graph.node:
            needed = [(scope, name) for name in node.input if name]
            made = [(scope, name) for name in node.output if name]
            is_view = node.op_type in VIEWS or node.name not in in_layers
            if is_view and node.op_type != "Scan" and needed:
                flow.viewed.update(dict.fromkeys(made, needed[0]))
                continue
            flow.needed[node.name], flow.made[node.name] = needed, made
            for tensor in needed:
                flow.users.setdefault(flow.root(tensor), set()).add(node.name)
        for each in graph.output:
            flow.users.setdefault(flow.root((scope, each.name)), set()).add(f"{scope} gives")
    return flow


def _graphs(graph: onnx.GraphProto, scope: str = "") -> Iterator[tuple[str, onnx.GraphProto]]:
    """The graph and the bodies of its loops."""
    yield scope, graph
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield from _graphs(attribute.g, node.name)


def _crossing(flow: _Flow, work: GraphWork, nodes: Sequence[str]) -> int:
    """Bytes that a layer reads from others and writes for others."""
    own = set(nodes)
    made = {flow.root(tensor) for name in nodes for tensor in flow.made.get(name, ())}
    reads: dict[Tensor, int] = {}
    writes: dict[Tensor, int] = {}
    for name in nodes:
        inputs, outputs = work.sizes.get(name, ((), ()))
        needed = zip(flow.needed.get(name, ()), inputs, strict=False)
        given = zip(flow.made.get(name, ()), outputs, strict=False)
        reads |= {tensor: size for tensor, size in needed if flow.root(tensor) not in made}
        writes |= {tensor: size for tensor, size in given if flow.used(tensor) - own}
    return sum(reads.values()) + sum(writes.values())
