"""Half precision in the encoders, and nowhere else."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper

from edge_vad.backends import ModelInput
from edge_vad.errors import BadModel, CheckFailed
from edge_vad_export.precision.encoder_nodes import compute_types, demand_precision
from edge_vad_export.precision.fp16 import to_fp16


def test_the_encoders_compute_in_half_precision_and_nothing_else_does(
    graph: onnx.ModelProto,
) -> None:
    types = compute_types(to_fp16(graph))
    encoders = {name for name in types if name.split(".")[0].endswith("_encoder")}
    assert {types[name] for name in encoders} == {"fp16"}
    assert {types[name] for name in types.keys() - encoders} == {"fp32"}
    convolutions = {node.name for node in graph.graph.node if node.op_type == "Conv"}
    for stream in ("appearance_encoder", "motion_encoder"):
        assert sum(name.startswith(stream) for name in encoders & convolutions) == 4
    assert {name.split(".")[0] for name in types.keys() - encoders} >= {
        "views",
        "mixtures",
        "scene",
    }


def test_what_comes_in_and_goes_out_keeps_its_type(graph: onnx.ModelProto) -> None:
    reduced = to_fp16(graph)
    assert list(reduced.graph.input) == list(graph.graph.input)
    assert list(reduced.graph.output) == list(graph.graph.output)


def test_onnx_finds_no_fault_and_no_weight_lies_idle(graph: onnx.ModelProto) -> None:
    reduced = to_fp16(graph)
    onnx.checker.check_model(reduced, full_check=True)
    taken = {name for node in reduced.graph.node for name in node.input}
    assert {each.name for each in reduced.graph.initializer} <= taken


def test_the_scores_stay_close_but_are_not_the_same(
    graph: onnx.ModelProto, frames: list[ModelInput]
) -> None:
    def energies(model: onnx.ModelProto) -> list[np.ndarray]:
        session = ort.InferenceSession(
            model.SerializeToString(), providers=["CPUExecutionProvider"]
        )
        names = ["appearance_energy", "motion_energy", "joint_energy"]
        return session.run(names, frames[0]._asdict())

    for single, reduced in zip(energies(graph), energies(to_fp16(graph)), strict=True):
        np.testing.assert_allclose(reduced, single, rtol=0.01, atol=0.1)
        assert (reduced != single).any()


def test_the_graph_that_is_converted_stays_as_it_is(graph: onnx.ModelProto, built: bytes) -> None:
    to_fp16(graph)
    assert graph == onnx.load_from_string(built)


def test_a_weight_too_large_for_half_precision_is_told(graph: onnx.ModelProto) -> None:
    (weight,) = (
        each for each in graph.graph.initializer if each.name.endswith("motion_encoder.mean.bias")
    )
    values = numpy_helper.to_array(weight) + np.float32(1e5)
    weight.CopyFrom(numpy_helper.from_array(values, weight.name))
    with pytest.raises(CheckFailed, match=r"motion_encoder\.mean\.bias are too large"):
        to_fp16(graph)


def test_a_graph_without_names_is_refused(graph: onnx.ModelProto) -> None:
    for node in graph.graph.node:
        node.name = ""
    with pytest.raises(BadModel, match="which of its nodes are the encoders"):
        to_fp16(graph)


@pytest.mark.parametrize("precision", ["fp16", "int8"])
def test_a_graph_in_single_precision_does_not_pass_for_another(
    graph: onnx.ModelProto, precision: str
) -> None:
    demand_precision(graph, "fp32")
    with pytest.raises(CheckFailed, match=f"computes in fp32, not in {precision}"):
        demand_precision(graph, precision)  # type: ignore[arg-type]


def test_an_energy_in_half_precision_is_found(graph: onnx.ModelProto) -> None:
    for node in graph.graph.node:
        if node.name.startswith("mixtures.1.") and node.op_type == "MatMul":
            node.name = f"motion_encoder.{node.name}"
    reduced = to_fp16(graph)
    for node in reduced.graph.node:
        node.name = (
            node.name.removeprefix("motion_encoder.") if "mixtures" in node.name else node.name
        )
    with pytest.raises(CheckFailed, match=r"mixtures\.1\.\S+ computes in fp16, not in fp32"):
        demand_precision(reduced, "fp16")


def test_weights_that_a_loop_takes_from_outside_stay(graph: onnx.ModelProto) -> None:
    """As those of motion inside, whose loops stand outside of the encoders."""

    def value(name: str, *shape: int) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

    nodes = [
        helper.make_node("Identity", ["before"], ["after"], "loop.after"),
        helper.make_node("Mul", ["number", "of_the_loop"], ["scaled"], "loop.scaled"),
    ]
    ends = [value("before"), value("number")], [value("after"), value("scaled")]
    body = helper.make_graph(nodes, "body", *ends)
    names = ["state", "numbers"], ["last", "results"]
    loop = helper.make_node("Scan", *names, "loop", body=body, num_scan_inputs=1)
    held = {"state": np.float32(0), "numbers": np.ones(3, np.float32), "of_the_loop": np.float32(2)}
    graph.graph.node.append(loop)
    for name, values in held.items():
        graph.graph.initializer.append(numpy_helper.from_array(np.asarray(values), name))
    graph.graph.output.append(value("results", 3))
    reduced = to_fp16(graph)
    onnx.checker.check_model(reduced, full_check=True)
    assert "of_the_loop" in {each.name for each in reduced.graph.initializer}
