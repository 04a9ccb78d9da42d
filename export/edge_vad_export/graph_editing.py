"""Looks for nodes in a graph, and puts others in their place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

Weights = NDArray[np.float32] | NDArray[np.int64] | NDArray[np.int8]


class GraphEditor:
    """A graph as it is when the editor is made, and what is to become of it.

    Args:
        graph: Is changed by `apply`, and not before.
    """

    def __init__(self, graph: onnx.GraphProto) -> None:
        self._graph = graph
        self.nodes = list(graph.node)
        self._makers = {name: node for node in graph.node for name in node.output}
        self._weights = {each.name: each for each in graph.initializer}
        self._users = Counter(name for node in graph.node for name in node.input)
        self._users.update(each.name for each in graph.output)
        self._shapes = {
            each.name: tuple(side.dim_value for side in each.type.tensor_type.shape.dim)
            for each in (*graph.input, *graph.value_info, *graph.output)
        }
        self._replaced: dict[str, list[onnx.NodeProto]] = {}

    def maker(self, tensor: str, operator: str = "") -> onnx.NodeProto | None:
        """The node that makes a tensor, if it is of this kind."""
        node = self._makers.get(tensor)
        return node if node is not None and operator in ("", node.op_type) else None

    def uses_of(self, node: onnx.NodeProto) -> int:
        """How many take the result; a node that takes it twice, as a square does, is one."""
        name = node.output[0]
        doubled = sum(list(each.input).count(name) > 1 for each in self.nodes)
        return self._users[name] - doubled

    def only(self, tensor: str, operator: str) -> onnx.NodeProto | None:
        """The node that makes a tensor, if it is of this kind and the tensor has one user."""
        node = self.maker(tensor, operator)
        users = self._users[tensor] if node is None else self.uses_of(node)
        return node if users == 1 else None

    def user(self, node: onnx.NodeProto, operator: str) -> onnx.NodeProto | None:
        """The one node that takes what another makes, if it is of this kind."""
        if self.uses_of(node) != 1:
            return None
        users = [each for each in self.nodes if node.output[0] in each.input]
        return users[0] if users and users[0].op_type == operator else None

    def weights(self, name: str) -> NDArray[Any] | None:
        """What an initialiser holds; None where a tensor is computed."""
        found = self._weights.get(name)
        return None if found is None else numpy_helper.to_array(found)

    def sides(self, tensor: str) -> tuple[int, ...]:
        """Sides of a tensor after the batch; nothing where one of them is not known."""
        found = self._shapes.get(tensor, ())[1:]
        return found if all(found) else ()

    def place(self, node: onnx.NodeProto, module: str = "") -> Place:
        """Where new nodes are made that take a node's place."""
        return Place(self._graph, node.name, module)

    def replace(self, nodes: Sequence[onnx.NodeProto], others: list[onnx.NodeProto]) -> None:
        """Put others where the last of some nodes is, and leave all of these out."""
        self._replaced |= {node.name: [] for node in nodes[:-1]}
        self._replaced[nodes[-1].name] = others

    def apply(self) -> None:
        """Change the graph; weights that nothing takes any more are dropped."""
        if not self._replaced:
            return
        graph, replaced = self._graph, self._replaced
        kept = [new for node in graph.node for new in replaced.get(node.name, [node])]
        del graph.node[:]
        graph.node.extend(kept)
        used = {name for node in kept for name in node.input}
        made = {name for node in kept for name in node.output}
        for weights in [each for each in graph.initializer if each.name not in used]:
            graph.initializer.remove(weights)
        for info in [each for each in graph.value_info if each.name not in made]:
            graph.value_info.remove(info)


class Place:
    """Makes nodes that are named after the one whose place they take, and weights of a module."""

    def __init__(self, graph: onnx.GraphProto, name: str, module: str) -> None:
        self._graph, self._name, self._module = graph, name, module or name
        self.nodes: list[onnx.NodeProto] = []

    def weights(self, name: str, values: Weights) -> str:
        """Add weights; returns their full name."""
        full = f"{self._module}.{name}"
        self._graph.initializer.append(numpy_helper.from_array(values, full))
        return full

    def node(
        self,
        operator: str,
        inputs: list[str],
        output: str | None = None,
        **attributes: int | float | list[int],
    ) -> str:
        """Make a node; returns what it makes."""
        name = f"{self._name}.{len(self.nodes)}.{operator.lower()}"
        made = helper.make_node(operator, inputs, [output or name], name, **attributes)  # type: ignore[arg-type]
        self.nodes.append(made)
        return output or name

    def reshape(self, tensor: str, *sides: int, output: str | None = None) -> str:
        """Look at a tensor in other sides: 0 keeps the one at that place, -1 is what is left."""
        name = f"sides{len(self.nodes)}"
        shape = self.weights(name, np.array(sides, np.int64))
        return self.node("Reshape", [tensor, shape], output)


def attributes_of(node: onnx.NodeProto) -> Mapping[str, Any]:
    """A node's attributes by name."""
    return {each.name: helper.get_attribute_value(each) for each in node.attribute}
