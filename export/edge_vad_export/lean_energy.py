"""Computes the sample energies with a third of the memory traffic, by the same formula.

PyTorch's graph whitens every latent with every component, K D channels, squares them and adds them
up. The squares are a quadratic form, `|L_k^T (z - mu_k)|^2 = (z - c)^T A_k (z - c) + b_k (z - c) +
s_k`: one convolution from the D (D + 1) / 2 products of the latent's channels to K channels. The
products are taken about the centre c of the components' means, so that little cancels. LogSumExp is
spelt out, since ONNX Runtime's own operator is slow over channels.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

Array = NDArray[np.float64]


class _Squares(NamedTuple):
    """The nodes that whiten a latent, square and add up."""

    whiten: onnx.NodeProto
    square: onnx.NodeProto
    split: onnx.NodeProto
    add_up: onnx.NodeProto


def lean_energies(graph: onnx.GraphProto) -> None:
    """Rewrite the sample energies of a graph; what does not look like one is left alone."""
    _Rewriter(graph).rewrite()


class _Rewriter:
    def __init__(self, graph: onnx.GraphProto) -> None:
        self._graph = graph
        self._makers = {name: node for node in graph.node for name in node.output}
        self._weights = {each.name: each for each in graph.initializer}

    def rewrite(self) -> None:
        replaced: dict[str, list[onnx.NodeProto]] = {}
        for node in self._graph.node:
            if node.op_type == "ReduceLogSumExp" and self._reduces_channels(node):
                replaced[node.name] = self._log_sum_exp(node)
            squares = self._squares(node)
            if squares:
                replaced |= {each.name: [] for each in squares[:3]}
                replaced[node.name] = self._quadratic(squares)
        if replaced:
            kept = [new for node in self._graph.node for new in replaced.get(node.name, [node])]
            del self._graph.node[:]
            self._graph.node.extend(kept)
            self._drop_unused()

    def _squares(self, add_up: onnx.NodeProto) -> _Squares | None:
        """The four nodes that end in this one, if nothing else uses what is between them."""
        split, square, whiten = (None,) * 3
        if add_up.op_type == "ReduceSum":
            split = self._only(add_up.input[0], "Reshape")
        if split:
            square = self._only(split.input[0], "Mul")
        if square and square.input[0] == square.input[1]:
            whiten = self._makers.get(square.input[0])
        if not (split and square and whiten) or whiten.op_type != "Conv" or len(whiten.input) < 3:
            return None
        kernel = self._weights.get(whiten.input[1])
        is_pointwise = kernel is not None and list(kernel.dims[2:]) == [1, 1]
        return _Squares(whiten, square, split, add_up) if is_pointwise else None

    def _only(self, tensor: str, operator: str) -> onnx.NodeProto | None:
        """The node that makes a tensor, if it is of this kind and the tensor has one user."""
        maker = self._makers.get(tensor)
        users = sum(tensor in node.input for node in self._graph.node)
        return maker if maker and maker.op_type == operator and users == 1 else None

    def _reduces_channels(self, node: onnx.NodeProto) -> bool:
        axes = self._weights.get(node.input[1]) if len(node.input) > 1 else None
        keep = next((each.i for each in node.attribute if each.name == "keepdims"), 1)
        return axes is not None and numpy_helper.to_array(axes).tolist() == [1] and not keep

    def _quadratic(self, squares: _Squares) -> list[onnx.NodeProto]:
        latent, result = squares.whiten.input[0], squares.add_up.output[0]
        factors, offsets = (
            numpy_helper.to_array(self._weights[name]).astype(np.float64)
            for name in squares.whiten.input[1:3]
        )
        depth = factors.shape[1]
        form = quadratic_form(factors.reshape(-1, depth, depth), offsets.reshape(-1, depth))
        left, right = (np.array(each, np.int64) for each in np.triu_indices(depth))
        make = _Maker(self._graph, squares.whiten.name, squares.whiten.input[1].rpartition(".")[0])
        centred = make.node("Sub", [latent, make.weight("centre", form.centre)])
        first = make.node("Gather", [centred, make.weight("left", left)], axis=1)
        second = make.node("Gather", [centred, make.weight("right", right)], axis=1)
        products = make.node("Mul", [first, second])
        features = make.node("Concat", [products, centred], axis=1)
        weights = [make.weight("form", form.weight), make.weight("offset", form.constant)]
        make.node("Conv", [features, *weights], result, kernel_shape=[1, 1])
        return make.nodes

    def _log_sum_exp(self, node: onnx.NodeProto) -> list[onnx.NodeProto]:
        terms, axis = node.input
        make = _Maker(self._graph, node.name)
        highest = make.node("ReduceMax", [terms, axis], keepdims=1)
        below = make.node("Sub", [terms, highest])
        total = make.node("ReduceSum", [make.node("Exp", [below]), axis], keepdims=0)
        logarithm = make.node("Log", [total])
        make.node("Add", [logarithm, make.node("Squeeze", [highest, axis])], node.output[0])
        return make.nodes

    def _drop_unused(self) -> None:
        used = {name for node in self._graph.node for name in node.input}
        made = {name for node in self._graph.node for name in node.output}
        for weights in [each for each in self._graph.initializer if each.name not in used]:
            self._graph.initializer.remove(weights)
        for info in [each for each in self._graph.value_info if each.name not in made]:
            self._graph.value_info.remove(info)


class _Maker:
    """Makes nodes that are named after the one whose place they take, and weights of a module."""

    def __init__(self, graph: onnx.GraphProto, place: str, module: str = "") -> None:
        self._graph, self._place, self._module = graph, place, module
        self.nodes: list[onnx.NodeProto] = []

    def weight(self, name: str, value: NDArray[np.float32] | NDArray[np.int64]) -> str:
        full = f"{self._module}.{name}"
        self._graph.initializer.append(numpy_helper.from_array(value, full))
        return full

    def node(
        self,
        operator: str,
        inputs: list[str],
        output: str | None = None,
        **attributes: int | list[int],
    ) -> str:
        name = f"{self._place}.{len(self.nodes)}.{operator.lower()}"
        made = helper.make_node(operator, inputs, [output or name], name, **attributes)  # type: ignore[arg-type]
        self.nodes.append(made)
        return output or name


class QuadraticForm(NamedTuple):
    """`|F_k z + o_k|^2` of every component as one convolution of products.

    Attributes:
        centre: float32, (1, D, 1, 1), c, taken from the latent first.
        weight: float32, (K, D (D + 1) / 2 + D, 1, 1): of the products of channels i <= j in the
            order of `np.triu_indices`, then of the channels.
        constant: float32, (K,).
    """

    centre: NDArray[np.float32]
    weight: NDArray[np.float32]
    constant: NDArray[np.float32]


def quadratic_form(factors: Array, offsets: Array) -> QuadraticForm:
    """Multiply out the squares of affine maps.

    Args:
        factors: (K, D, D), F.
        offsets: (K, D), o.
    """
    # Any centre is right, so that a component without a mean, which is singular, does no harm.
    means = -(np.linalg.pinv(factors) @ offsets[..., None])[..., 0]
    centre = means.mean(0)
    offsets = offsets + factors @ centre
    form = factors.transpose(0, 2, 1) @ factors
    left, right = np.triu_indices(factors.shape[1])
    products = form[:, left, right] * np.where(left == right, 1, 2)
    linear = 2 * (offsets[:, None] @ factors)[:, 0]
    weight = np.concatenate([products, linear], 1)[:, :, None, None]
    return QuadraticForm(
        centre.astype(np.float32).reshape(1, -1, 1, 1),
        weight.astype(np.float32),
        (offsets**2).sum(1).astype(np.float32),
    )
