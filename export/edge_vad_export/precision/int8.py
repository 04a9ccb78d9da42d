"""INT8: convolutions of the two encoders' trunks compute in whole numbers of eight bits."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from copy import deepcopy
from typing import Any, NamedTuple

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from edge_vad.backends import ModelInput
from edge_vad_export.precision.encoder_nodes import layer_of, trunk_convolutions

HEADROOM = 2.0
"""How many times the most of ordinary footage a value may be before it is cut off.

The ranges come from ordinary footage alone, and what is to be found lies beyond it.
"""

_LARGEST = 127
_TINY = 1e-12

Scales = dict[str, NDArray[np.float32]]


class Calibrated(NamedTuple):
    """A graph in single precision whose ranges are known.

    Attributes:
        model: The graph.
        scales: One step for each image that its trunks' convolutions take, one for each filter.
    """

    model: onnx.ModelProto
    scales: Scales

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the layers that may compute in INT8, see `layer_of`."""
        return tuple(map(layer_of, trunk_convolutions(self.model.graph)))


def calibrate(model: onnx.ModelProto, frames: Sequence[ModelInput]) -> Calibrated:
    """Find the ranges of what is quantised.

    Args:
        model: In single precision; stays as it is.
        frames: Ordinary footage to take the ranges from, one frame each.

    Raises:
        BadModel: The graph does not tell which nodes are the encoders.
    """
    convolutions = trunk_convolutions(model.graph)
    images = sorted({node.input[0] for node in convolutions})
    filters = {node.input[1] for node in convolutions}
    scales = _scales_of_images(model, images, frames) | _scales_of_filters(model.graph, filters)
    return Calibrated(model, scales)


def to_int8(calibrated: Calibrated, layers: Collection[str] | None = None) -> onnx.ModelProto:
    """Write quantisation into a graph: pairs of QuantizeLinear and DequantizeLinear.

    They stand where NVIDIA's parser looks for them, at the images and filters that convolutions
    take, with zero points of 0 and one scale a filter; biases and results keep single precision.
    Other readers of the encoders' inputs still get them as they are.

    Args:
        calibrated: In single precision; stays as it is.
        layers: Names of those that compute in INT8, among `Calibrated.layers`; None for all.

    Returns:
        Another model, in which all other layers stay as they are.
    """
    quantised = deepcopy(calibrated.model)
    graph = quantised.graph
    layers = calibrated.layers if layers is None else layers
    chosen = [node for node in trunk_convolutions(graph) if layer_of(node) in layers]
    filters = {node.input[1] for node in chosen}
    paired = {name for node in chosen for name in node.input[:2]}
    nodes = list(_with_pairs(graph, {node.name for node in chosen}, filters))
    del graph.node[:], graph.value_info[:]
    graph.node.extend(nodes)
    for name in sorted(paired):
        values = calibrated.scales[name]
        zeros = np.zeros(values.shape, np.int8)
        graph.initializer.append(numpy_helper.from_array(values, f"{name}.scale"))
        graph.initializer.append(numpy_helper.from_array(zeros, f"{name}.zero"))
    return onnx.shape_inference.infer_shapes(quantised, check_type=True, strict_mode=True)


def _scales_of_images(
    model: onnx.ModelProto, images: Sequence[str], frames: Sequence[ModelInput]
) -> Scales:
    """One step for each image, from the largest magnitude that it has in any of the frames."""
    watched = deepcopy(model)
    watched.graph.output.extend(onnx.ValueInfoProto(name=name) for name in images)
    session = ort.InferenceSession(watched.SerializeToString(), providers=["CPUExecutionProvider"])
    most = dict.fromkeys(images, _TINY)
    for inputs in frames:
        for name, image in zip(images, session.run(list(images), inputs._asdict()), strict=True):
            most[name] = max(most[name], float(np.abs(image).max()))
    return {name: np.array(each * HEADROOM / _LARGEST, np.float32) for name, each in most.items()}


def _scales_of_filters(graph: onnx.GraphProto, filters: set[str]) -> Scales:
    """One step for each filter, from its own largest weight."""
    scales = {}
    for weights in graph.initializer:
        if weights.name in filters:
            values = numpy_helper.to_array(weights)
            most = np.abs(values).reshape(len(values), -1).max(1)
            scales[weights.name] = np.maximum(most, _TINY).astype(np.float32) / _LARGEST
    return scales


def _with_pairs(
    graph: onnx.GraphProto, convolutions: set[str], filters: set[str]
) -> Iterator[onnx.NodeProto]:
    """The nodes in their order, with a pair before what a convolution takes."""
    paired: set[str] = set()
    for node in graph.node:
        if node.name not in convolutions:
            yield node
            continue
        taken = list(node.input[:2])
        for name in taken:
            if name not in paired:
                paired.add(name)
                yield from _pair(name, name in filters)
        result = deepcopy(node)
        result.input[:2] = [f"{name}.dequantised" for name in taken]
        yield result


def _pair(name: str, per_filter: bool) -> Iterator[onnx.NodeProto]:
    step = [f"{name}.scale", f"{name}.zero"]
    axis: dict[str, Any] = {"axis": 0} if per_filter else {}
    for operator, taken, given in (
        ("QuantizeLinear", name, f"{name}.int8"),
        ("DequantizeLinear", f"{name}.int8", f"{name}.dequantised"),
    ):
        yield helper.make_node(operator, [taken, *step], [given], f"{operator}.{name}", **axis)
