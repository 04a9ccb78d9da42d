"""What CPUs compute otherwise takes the place of what it stands for, and nothing else."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper

from edge_vad.cpu_variant import KEY, encode, with_variant
from edge_vad.errors import BadModel
from edge_vad.needed_graph import needed_graph


def doubling() -> onnx.ModelProto:
    """x to y = 2 x + 1, and a variant that makes 2 x by an addition."""
    nodes = [
        helper.make_node("Mul", ["x", "two"], ["twice"], "multiply"),
        helper.make_node("Add", ["twice", "one"], ["y"], "add"),
    ]
    graph = helper.make_graph(
        nodes,
        "doubling",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [2])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [2])],
        [numpy_helper.from_array(np.float32(each), n) for n, each in (("two", 2), ("one", 1))],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


def variant_of(*nodes: onnx.NodeProto, **weights: float) -> bytes:
    variant = onnx.GraphProto(node=nodes)
    variant.initializer.extend(
        numpy_helper.from_array(np.float32(value), name) for name, value in weights.items()
    )
    return variant.SerializeToString()


def varied(held: str) -> bytes:
    model = doubling()
    model.metadata_props.add(key=KEY, value=held)
    return model.SerializeToString()


def compute(content: bytes) -> list[float]:
    found = ort.InferenceSession(content).run(["y"], {"x": np.float32([3, 4])})[0]
    return [float(each) for each in found]


def test_its_nodes_and_weights_take_the_place_of_what_they_stand_for():
    summed = helper.make_node("Add", ["x", "x"], ["sum"], "sum")
    shifted = helper.make_node("Add", ["sum", "ten"], ["twice"], "shifted")
    content = with_variant(varied(encode(variant_of(summed, shifted, ten=10))))
    assert compute(content) == [17, 19]
    less = onnx.load_from_string(needed_graph(content, ["y"]))
    onnx.checker.check_model(less, full_check=True)
    assert [node.name for node in less.graph.node] == ["sum", "shifted", "add"]
    assert {each.name for each in less.graph.initializer} == {"one", "ten"}


def test_a_file_without_one_stays_as_it_is():
    content = doubling().SerializeToString()
    assert with_variant(content) == content


def test_one_that_makes_nothing_the_graph_takes_changes_no_node():
    other = helper.make_node("Add", ["x", "x"], ["nobody"], "sum")
    content = with_variant(varied(encode(variant_of(other))))
    assert [node.name for node in onnx.load_from_string(content).graph.node] == ["multiply", "add"]
    assert compute(content) == [7, 9]


@pytest.mark.parametrize("held", ["?", "AAA", encode(b"\xff\xff"), encode(b"\x0a\x7f")])
def test_a_broken_one_is_told(held):
    with pytest.raises(BadModel, match="for CPUs is broken"):
        with_variant(varied(held))


def test_what_is_no_onnx_file_is_told():
    with pytest.raises(ValueError, match=r"."):
        with_variant(b"\xff\xff\xff")
