"""Layers and their types, as builders and inspectors of different versions tell them."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from edge_vad.engine_file import EngineLayer
from edge_vad.errors import CheckFailed
from edge_vad_export.engines.layer_report import (
    REST,
    NetworkLayer,
    inspect,
    parse_layers,
    summarise,
)
from edge_vad_export.engines.precision import (
    demand_engine_precision,
    stray_layers,
    stray_nodes,
)

HALF = (
    "Name: conv_myl0_4, LayerType: correlation, Inputs: [ { Name: relu, Dimensions: [-1,2,48,64], "
    "Strides: [6144,1,128,2], StrideOrder: [3,0,2,1], Datatype: Half, Format: (NHWC) Channel major "
    "format }], Constants: [ { Name: w, Dimensions: [8], Strides: [1], StrideOrder: [0], "
    "Datatype: Half, Format: (Linear) Row major linear format }], Outputs: [ { Name: out, "
    "Dimensions: [-1,8,23,31], Strides: [5704,1,248,8], StrideOrder: [3,0,2,1], Datatype: Float, "
    "Format: (NHWC) Channel major format }], TacticName: t, StreamId: 0, Metadata: [ONNX Layer: "
    "motion_encoder.trunk.0.conv2d][ONNX Layer: motion_encoder.trunk.1.relu]"
)
OLDER = (
    "Name: conv + relu, LayerType: CaskConvolution, Inputs: [ { Name: frame, Location: Device, "
    "Dimensions: [1,3,48,64], Format/Datatype: Thirty-two wide channel vectorized row major Int8 "
    "format }], Outputs: [ { Name: out, Location: Device, Dimensions: [1,8,23,31], "
    "Format/Datatype: Row major linear FP32 }], ParameterType: Convolution, "
    "Metadata: [ONNX Layer: appearance_encoder.trunk.0.conv2d]"
)
NOTHING = (
    "Name: shape_0, LayerType: shape_call, Inputs: [], Constants: [], Outputs: [], TacticName: , "
    "StreamId: 0, Metadata: "
)


def test_a_layer_is_read_with_its_nodes_and_types() -> None:
    assert parse_layers([HALF]) == [
        EngineLayer(
            "conv_myl0_4",
            ("motion_encoder.trunk.0.conv2d", "motion_encoder.trunk.1.relu"),
            reads=("fp16",),
            writes=("fp32",),
            holds=("fp16",),
        )
    ]


def test_the_words_of_older_versions_are_understood() -> None:
    (layer,) = parse_layers([OLDER])
    assert (layer.reads, layer.writes, layer.holds) == (("int8",), ("fp32",), ())
    assert layer.nodes == ("appearance_encoder.trunk.0.conv2d",)


def test_what_is_no_layer_is_left_out() -> None:
    assert parse_layers(["Layers:", "", "Bindings:", "frame"]) == []
    (layer,) = parse_layers([NOTHING])
    assert layer == EngineLayer("shape_0", (), (), ())


def test_the_inspector_is_asked_for_lines() -> None:
    inspector = SimpleNamespace(
        get_engine_information=lambda form: f"Layers:\n{HALF}\n{NOTHING}" if form == 1 else ""
    )
    library = SimpleNamespace(
        api=SimpleNamespace(LayerInformationFormat=SimpleNamespace(ONELINE=1))
    )
    engine = SimpleNamespace(create_engine_inspector=lambda: inspector)
    assert [layer.name for layer in inspect(library, engine)] == ["conv_myl0_4", "shape_0"]


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("Half", "fp16"),
        ("Row major linear FP16 format", "fp16"),
        ("Float", "fp32"),
        ("BFloat16", "bf16"),
        ("UInt8", "uint8"),
        ("Int8", "int8"),
        ("Int64", "int64"),
        ("Bool", "bool"),
    ],
)
def test_every_type_has_one_name(said: str, name: str) -> None:
    (layer,) = parse_layers([HALF.replace("Datatype: Float", f"Datatype: {said}")])
    assert layer.writes == (name,)


def network(*nodes: tuple[str, str, str, str, str]) -> list[NetworkLayer]:
    """Of each node: name, kind, what it reads, what it writes, and in which type."""
    return [
        NetworkLayer(name, kind, (reads,), {out: kept}) for name, kind, reads, out, kept in nodes
    ]


CONVOLUTION = ("motion_encoder.trunk.0.conv2d", "CONVOLUTION", "b", "c", "fp16")
THERE = ("cast.b", "CAST", "a", "b", "fp16")
BACK = ("cast.d", "CAST", "c", "d", "fp32")


def test_casts_around_an_encoder_are_its_own() -> None:
    assert stray_nodes(network(THERE, CONVOLUTION, BACK)) == []


def test_a_cast_between_energies_is_a_stray() -> None:
    between = ("cast.f", "CAST", "e", "f", "fp16"), ("cast.g", "CAST", "f", "g", "fp32")
    energy = ("energy.mul", "ELEMENTWISE", "d", "e", "fp32")
    after = ("energy.sum", "REDUCE", "g", "h", "fp32")
    nodes = network(THERE, CONVOLUTION, BACK, energy, *between, after)
    assert stray_nodes(nodes) == ["cast.f"]


def test_an_energy_in_half_is_a_stray() -> None:
    energy = ("energy.mul", "ELEMENTWISE", "c", "e", "fp16")
    assert stray_nodes(network(THERE, CONVOLUTION, energy)) == ["energy.mul"]


def test_a_quantiser_of_an_energy_is_a_stray() -> None:
    nodes = network(
        ("energy.mul", "ELEMENTWISE", "a", "b", "fp32"),
        ("q", "QUANTIZE", "b", "c", "int8"),
        ("dq", "DEQUANTIZE", "c", "d", "fp32"),
        ("energy.sum", "REDUCE", "d", "e", "fp32"),
    )
    assert stray_nodes(nodes) == ["q"]


def test_an_engine_that_rounds_an_energy_is_found() -> None:
    layers = [EngineLayer("fused", ("energy.conv", "energy.mul"), ("fp32",), ("fp16",))]
    assert stray_layers(layers) == ["fused"]
    with pytest.raises(CheckFailed, match="would lose precision: fused"):
        demand_engine_precision("fp32", [], layers)


def test_an_engine_that_ignores_half_is_found() -> None:
    layers = [EngineLayer("conv", ("motion_encoder.trunk.0.conv2d",), ("fp32",), ("fp32",))]
    with pytest.raises(CheckFailed, match="does not compute in fp16 where the scene model asks"):
        demand_engine_precision("fp16", network(THERE, CONVOLUTION, BACK), layers)


def test_an_engine_without_layers_proves_nothing() -> None:
    with pytest.raises(CheckFailed, match="could not be read back"):
        demand_engine_precision("fp32", network(CONVOLUTION), [])


def test_casts_alone_count_nowhere() -> None:
    layers = [
        EngineLayer("a", ("cast.x",), ("fp32",), ("fp16",)),
        EngineLayer("b", ("motion_encoder.trunk.0.conv2d", "cast.y"), ("fp16",), ("fp32",)),
        EngineLayer("c", ("energy.mul",), ("fp16",), ("fp32",)),
    ]
    assert summarise(layers) == {"motion_encoder": {"fp16": 1}, REST: {"fp32": 1}}


def test_what_only_casts_for_an_encoder_lowers_nothing_of_the_rest() -> None:
    layers = [EngineLayer("a", ("scene.mul", "cast.x"), ("fp32",), ("fp32", "fp16"))]
    assert summarise(layers) == {REST: {"fp32": 1}}
    assert summarise([EngineLayer("a", ("scene.mul",), ("fp32",), ("fp16",))]) == {
        REST: {"fp16": 1}
    }
