"""Whole numbers in the encoders' trunks, in the form that NVIDIA's parser takes."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import numpy_helper

from edge_vad.backends import ModelInput
from edge_vad_export.precision.encoder_nodes import compute_types, demand_precision
from edge_vad_export.precision.int8 import HEADROOM, calibrate, to_int8
from edge_vad_train.checkpoint import TrainedScene


@pytest.fixture
def quantised(graph: onnx.ModelProto, frames: list[ModelInput]) -> onnx.ModelProto:
    return to_int8(calibrate(graph, frames))


def arrays(model: onnx.ModelProto) -> dict[str, NDArray[np.generic]]:
    return {each.name: numpy_helper.to_array(each) for each in model.graph.initializer}


def test_the_trunks_convolve_whole_numbers_and_nothing_else_does(
    quantised: onnx.ModelProto,
) -> None:
    demand_precision(quantised, "int8")
    types = compute_types(quantised)
    reduced = {name for name, kind in types.items() if kind == "int8"}
    assert len(reduced) == 4
    assert {".".join(name.split(".")[:2]) for name in reduced} == {
        "appearance_encoder.trunk",
        "motion_encoder.trunk",
    }
    assert {types[name] for name in types.keys() - reduced} == {"fp32"}


def test_zero_points_are_zero_scales_positive_and_biases_single(quantised: onnx.ModelProto) -> None:
    values = arrays(quantised)
    pairs = [node for node in quantised.graph.node if node.op_type == "QuantizeLinear"]
    assert len(pairs) == 8
    for node in pairs:
        _, scale, zero = node.input
        assert (values[scale] > 0).all()
        assert values[zero].dtype == np.int8
        assert not values[zero].any()
    for node in quantised.graph.node:
        if node.op_type == "Conv" and len(node.input) == 3:
            assert values[node.input[2]].dtype == np.float32


def test_every_filter_has_a_scale_of_its_own_that_reaches_its_largest_weight(
    quantised: onnx.ModelProto,
) -> None:
    values = arrays(quantised)
    filters = [name for name in values if name.endswith(".weight") and f"{name}.scale" in values]
    assert len(filters) == 4
    for name in filters:
        most = np.abs(values[name]).reshape(len(values[name]), -1).max(1)
        np.testing.assert_allclose(values[f"{name}.scale"] * 127, most, rtol=1e-5)


def test_an_image_may_go_beyond_ordinary_footage(
    quantised: onnx.ModelProto, scene: TrainedScene
) -> None:
    (convolution,) = (
        node for node in quantised.graph.node if node.name.startswith("motion_encoder.trunk.0.")
    )
    image = convolution.input[0].removesuffix(".dequantised")
    (first,) = (
        node
        for node in quantised.graph.node
        if node.op_type == "QuantizeLinear" and node.input[0] == image
    )
    most = float(
        scene.network.energies.inputs_of(scene.sample_frames, scene.sample_motion).flow.abs().max()
    )
    assert arrays(quantised)[first.input[1]] * 127 == pytest.approx(HEADROOM * most, rel=1e-5)


def test_only_convolutions_see_what_is_rounded(quantised: onnx.ModelProto) -> None:
    rounded = {
        node.output[0] for node in quantised.graph.node if node.op_type == "DequantizeLinear"
    }
    takers = {
        node.op_type for node in quantised.graph.node for name in node.input if name in rounded
    }
    assert takers == {"Conv"}


def test_onnx_finds_no_fault(quantised: onnx.ModelProto) -> None:
    onnx.checker.check_model(quantised, full_check=True)
    assert [(each.domain, each.version) for each in quantised.opset_import] == [("", 20)]


def test_an_image_that_is_always_black_has_a_scale_too(
    graph: onnx.ModelProto, frames: list[ModelInput]
) -> None:
    still = frames[0]._replace(motion=np.zeros_like(frames[0].motion))
    scales = [
        values
        for name, values in arrays(to_int8(calibrate(graph, [still]))).items()
        if "scale" in name
    ]
    assert all((values > 0).all() and np.isfinite(values).all() for values in scales)
