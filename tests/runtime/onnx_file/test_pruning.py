from __future__ import annotations

from contextlib import suppress

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from edge_vad.onnx_file.pruning import needed_graph


def chains(lengths: dict[str, int]) -> onnx.ModelProto:
    """From one input to every output by some additions; neighbours share what they can."""
    nodes, weights = [], []
    for step in range(max(lengths.values())):
        weights.append(numpy_helper.from_array(np.float32([step]), f"w{step}"))
        nodes.append(
            helper.make_node("Add", [f"t{step}" if step else "x", f"w{step}"], [f"t{step + 1}"])
        )
    for name, length in lengths.items():
        weights.append(numpy_helper.from_array(np.float32([length]), f"w_{name}"))
        nodes.append(helper.make_node("Mul", [f"t{length}", f"w_{name}"], [name]))
    described = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in ("x", *lengths)
    ]
    graph = helper.make_graph(nodes, "chains", described[:1], described[1:], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    return onnx.shape_inference.infer_shapes(model)


@given(
    st.dictionaries(st.sampled_from("abcd"), st.integers(1, 6), min_size=1),
    st.data(),
)
def test_what_is_kept_computes_the_same_and_nothing_else_is_kept(lengths, data):
    wanted = data.draw(st.sets(st.sampled_from(sorted(lengths)), min_size=1))
    whole = chains(lengths)
    content = needed_graph(whole.SerializeToString(), wanted)
    less = onnx.load_from_string(content)
    onnx.checker.check_model(less, full_check=True)
    assert {each.name for each in less.graph.output} == wanted
    assert len(less.graph.node) == max(lengths[name] for name in wanted) + len(wanted)
    taken = {name for node in less.graph.node for name in node.input}
    assert {each.name for each in less.graph.initializer} == taken - {"x"} - {
        name for node in less.graph.node for name in node.output
    }
    names, feed = sorted(wanted), {"x": np.float32([2])}
    for before, after in zip(
        ort.InferenceSession(whole.SerializeToString()).run(names, feed),
        ort.InferenceSession(content).run(names, feed),
        strict=True,
    ):
        assert before == after


def test_all_outputs_leave_the_file_as_it_is():
    content = chains({"a": 2, "b": 3}).SerializeToString()
    assert needed_graph(content, ["a", "b"]) == content


def test_an_output_that_is_not_there_leaves_the_file_as_it_is():
    content = chains({"a": 2, "b": 3}).SerializeToString()
    assert needed_graph(content, ["a", "other"]) == content


def test_what_the_graphs_of_a_node_read_is_kept_and_nothing_of_nodes_that_are_not_needed():
    model = chains({"a": 1, "b": 1})
    inner = helper.make_graph(
        [helper.make_node("Identity", ["t1"], ["inner"])],
        "inner",
        [],
        [helper.make_tensor_value_info("inner", TensorProto.FLOAT, [1])],
    )
    model.graph.node.append(
        helper.make_node("If", ["c"], ["d"], then_branch=inner, else_branch=inner)
    )
    model.graph.output.append(helper.make_tensor_value_info("d", TensorProto.FLOAT, [1]))
    content = model.SerializeToString()
    kept = onnx.load_from_string(needed_graph(content, ["d"])).graph
    assert {name for node in kept.node for name in node.output} >= {"t1", "d"}
    left = onnx.load_from_string(needed_graph(content, ["a"])).graph
    assert all(node.op_type != "If" for node in left.node)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content):
    with suppress(ValueError):
        needed_graph(content, ["a"])


@pytest.mark.parametrize("cut", [1, 10, 40])
def test_a_file_that_ends_too_early_is_refused(cut):
    with pytest.raises(ValueError, match="ends too early"):
        needed_graph(chains({"a": 2}).SerializeToString()[:-cut], ["a"])
