"""Frames that are shrunk and images that are pooled, by fewer and quicker operators."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from edge_vad_export.lean_frame import lean_frame
from edge_vad_export.lean_pools import lean_pools

BATCH = 2


def model(nodes, shape, kind=TensorProto.FLOAT, weights=None) -> onnx.ModelProto:
    """From `x`, of this shape and of any batch, to `y`."""
    for index, node in enumerate(nodes):
        node.name = f"n{index}"
    tensors = [numpy_helper.from_array(np.asarray(v), k) for k, v in (weights or {}).items()]
    taken = helper.make_tensor_value_info("x", kind, ["batch", *shape])
    graph = helper.make_graph(
        nodes, "g", [taken], [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)], tensors
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    return onnx.shape_inference.infer_shapes(made, data_prop=True)


def pool(taken, given_, kernel, strides=(1, 1), **more):
    return helper.make_node(
        "AveragePool", [taken], [given_], kernel_shape=kernel, strides=strides, **more
    )


def rewritten(before: onnx.ModelProto, rewrite) -> onnx.ModelProto:
    after = onnx.ModelProto()
    after.CopyFrom(before)
    rewrite(after.graph)
    onnx.checker.check_model(after, full_check=True)
    return after


def compute(given_: onnx.ModelProto, image):
    return ort.InferenceSession(given_.SerializeToString()).run(None, {"x": image})[0]


def kinds(given_: onnx.ModelProto) -> list[str]:
    return [node.op_type for node in given_.graph.node]


def shrinking(rows, columns, channels, block, *, scaled):
    nodes = [
        helper.make_node("Cast", ["x"], ["cast"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["cast"], ["first"], perm=[0, 3, 1, 2]),
        pool("first", "pooled" if scaled else "y", [block, block], [block, block]),
    ]
    if scaled:
        nodes.append(helper.make_node("Mul", ["pooled", "scale"], ["y"]))
    shape = (rows * block, columns * block, channels)
    return model(nodes, shape, TensorProto.UINT8, {"scale": np.float32(1 / 255)})


@given(st.integers(1, 5), st.integers(1, 9), st.integers(1, 4), st.integers(1, 3), st.booleans())
def test_a_frame_shrinks_to_the_same_averages(rows, columns, channels, block, scaled):
    before = shrinking(rows, columns, channels, block, scaled=scaled)
    after = rewritten(before, lean_frame)
    assert "AveragePool" not in kinds(after)
    shape = (BATCH, rows * block, columns * block, channels)
    image = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    np.testing.assert_allclose(compute(after, image), compute(before, image), rtol=1e-5)


def grey(nodes, rows, columns):
    """The grey of what the last node makes, as the network has it."""
    shrunk = nodes[-1].output[0] = "shrunk"
    sides = {"flat_sides": [0, 3, -1], "grey_sides": [-1, 1, rows, columns]}
    nodes += [
        helper.make_node("Reshape", [shrunk, "flat_sides"], ["flat"]),
        helper.make_node("MatMul", ["luma", "flat"], ["weighed"]),
        helper.make_node("Reshape", ["weighed", "grey_sides"], ["y"]),
    ]
    weights: dict = {name: np.int64(each) for name, each in sides.items()}
    return nodes, weights | {"luma": np.float32([[0.1, 0.6, 0.3]])}


@given(st.integers(1, 5), st.integers(1, 20), st.integers(1, 4))
def test_the_grey_of_a_shrunk_frame_needs_no_transposition(rows, columns, block):
    nodes, weights = grey(
        [
            helper.make_node("Cast", ["x"], ["cast"], to=TensorProto.FLOAT),
            helper.make_node("Transpose", ["cast"], ["first"], perm=[0, 3, 1, 2]),
            pool("first", "pooled", [block, block], [block, block]),
        ],
        rows,
        columns,
    )
    shape = (rows * block, columns * block, 3)
    before = model(nodes, shape, TensorProto.UINT8, weights)
    after = rewritten(before, lean_frame)
    assert kinds(after).count("MatMul") == 1
    assert "Transpose" not in kinds(after)
    image = np.random.default_rng(0).integers(0, 256, (BATCH, *shape)).astype(np.uint8)
    np.testing.assert_allclose(compute(after, image), compute(before, image), rtol=1e-5)


def test_a_shrunk_frame_that_others_take_in_colour_keeps_its_colours():
    nodes, weights = grey(
        [
            helper.make_node("Transpose", ["x"], ["first"], perm=[0, 3, 1, 2]),
            pool("first", "pooled", [2, 2], [2, 2]),
        ],
        3,
        4,
    )
    nodes.append(helper.make_node("Neg", ["shrunk"], ["other"]))
    before = model(nodes, (6, 8, 3), weights=weights)
    after = rewritten(before, lean_frame)
    assert {"Transpose", "Neg"} <= set(kinds(after))
    image = np.random.default_rng(0).random((BATCH, 6, 8, 3)).astype(np.float32)
    np.testing.assert_allclose(compute(after, image), compute(before, image), rtol=1e-5)


def test_blocks_that_overlap_are_no_shrinking():
    nodes = [
        helper.make_node("Transpose", ["x"], ["first"], perm=[0, 3, 1, 2]),
        pool("first", "y", [2, 2], [1, 1]),
    ]
    before = model(nodes, (6, 8, 3))
    assert rewritten(before, lean_frame) == before


def test_a_frame_that_is_shrunk_twice_is_not_transposed_as_a_whole():
    before = shrinking(4, 6, 3, 2, scaled=False)
    before.graph.node.insert(3, pool("first", "coarse", [4, 4], [4, 4]))
    before.graph.node[3].name = "coarser"
    coarse = helper.make_tensor_value_info("coarse", TensorProto.FLOAT, ["batch", 3, 2, 3])
    before.graph.output.append(coarse)
    before = onnx.shape_inference.infer_shapes(before, data_prop=True)
    after = rewritten(before, lean_frame)
    assert "AveragePool" not in kinds(after)
    assert "first" not in {name for node in after.graph.node for name in node.output}
    image = np.random.default_rng(0).integers(0, 256, (BATCH, 8, 12, 3)).astype(np.uint8)
    both = (
        ort.InferenceSession(each.SerializeToString()).run(None, {"x": image})
        for each in (after, before)
    )
    for ours, theirs in zip(*both, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5)


def test_what_others_take_of_a_frame_stays():
    before = shrinking(3, 4, 3, 2, scaled=False)
    before.graph.node.append(helper.make_node("Neg", ["first"], ["other"], "other"))
    after = rewritten(before, lean_frame)
    assert "AveragePool" not in kinds(after)
    image = np.random.default_rng(0).integers(0, 256, (BATCH, 6, 8, 3)).astype(np.uint8)
    np.testing.assert_allclose(compute(after, image), compute(before, image), rtol=1e-5)


@given(
    st.lists(
        st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(1, 2)), min_size=1, max_size=3
    ),
    st.integers(0, 3),
    st.integers(1, 3),
)
def test_poolings_and_crops_are_two_matrices(steps, margin, channels):
    nodes, name = [], "x"
    weights = {"from": [margin], "to": [2**60], "rows": [2], "step": [1]}
    if margin:
        nodes.append(helper.make_node("Slice", ["x", "from", "to", "rows", "step"], ["cropped"]))
        name = "cropped"
    for index, (tall, wide, stride) in enumerate(steps):
        nodes.append(pool(name, f"p{index}", [tall, wide], [stride, stride]))
        name = f"p{index}"
    nodes[-1].output[0] = "y"
    before = model(nodes, (channels, 34, 30), weights={k: np.int64(v) for k, v in weights.items()})
    after = rewritten(before, lean_pools)
    image = np.random.default_rng(0).normal(0, 1, (BATCH, channels, 34, 30)).astype(np.float32)
    np.testing.assert_allclose(compute(after, image), compute(before, image), atol=1e-5)


def test_beyond_the_edge_nothing_is_averaged():
    before = model([pool("x", "y", [3, 5], pads=[1, 2, 1, 2])], (2, 9, 8))
    after = rewritten(before, lean_pools)
    assert kinds(after) == ["MatMul"] * 2
    image = np.random.default_rng(0).normal(0, 1, (BATCH, 2, 9, 8)).astype(np.float32)
    np.testing.assert_allclose(compute(after, image), compute(before, image), atol=1e-5)


def test_wide_windows_become_matrices():
    nodes = [pool("x", "a", [2, 2], [2, 2]), pool("a", "b", [7, 1]), pool("b", "y", [1, 7])]
    assert kinds(rewritten(model(nodes, (3, 40, 60)), lean_pools)) == ["MatMul"] * 2


@pytest.mark.parametrize(
    "node",
    [
        pool("x", "y", [2, 2], [2, 2]),  # few additions, and much to multiply
        pool("x", "y", [9, 9], pads=[4, 4, 4, 4], count_include_pad=1),
        pool("x", "y", [9, 9], [4, 4], ceil_mode=1),
        pool("x", "y", [9, 9], dilations=[2, 2]),
        helper.make_node("Slice", ["x", "from", "to", "rows", "step"], ["y"]),
    ],
)
def test_what_is_no_quicker_or_no_average_is_left_alone(node):
    weights = {"from": [1], "to": [60], "rows": [2], "step": [1]}
    before = model([node], (3, 90, 160), weights={k: np.int64(v) for k, v in weights.items()})
    assert rewritten(before, lean_pools) == before


def test_a_pooling_that_others_use_too_stays_and_those_after_it_are_rewritten():
    nodes = [
        pool("x", "a", [5, 5]),
        pool("a", "b", [6, 6]),
        helper.make_node("Slice", ["a", "from", "to", "sides"], ["c"]),
        helper.make_node("Add", ["b", "c"], ["y"]),
    ]
    weights = {"from": np.int64([0, 0]), "to": np.int64([21, 21]), "sides": np.int64([2, 3])}
    before = model(nodes, (2, 30, 30), weights=weights)
    after = rewritten(before, lean_pools)
    image = np.random.default_rng(0).normal(0, 1, (BATCH, 2, 30, 30)).astype(np.float32)
    np.testing.assert_allclose(compute(after, image), compute(before, image), atol=1e-5)


@pytest.mark.parametrize("scaled", [False, True])
def test_a_sum_over_channels_is_a_matrix_product(scaled):
    nodes = [helper.make_node("ReduceSum", ["x", "axes"], ["sum" if scaled else "y"], keepdims=1)]
    if scaled:
        nodes.append(helper.make_node("Mul", ["sum", "scale"], ["y"]))
    weights = {"axes": np.int64([1]), "scale": np.float32(3)}
    before = model(nodes, (3, 5, 6), weights=weights)
    after = rewritten(before, lean_pools)
    assert kinds(after) == ["Reshape", "MatMul", "Reshape"]
    image = np.random.default_rng(0).normal(0, 1, (BATCH, 3, 5, 6)).astype(np.float32)
    np.testing.assert_allclose(compute(after, image), compute(before, image), rtol=1e-5)


@pytest.mark.parametrize(("axes", "keeps"), [([2], 1), ([1], 0), ([1, 2], 1)])
def test_other_sums_are_left_alone(axes, keeps):
    node = helper.make_node("ReduceSum", ["x", "axes"], ["y"], keepdims=keeps)
    before = model([node], (3, 5, 6), weights={"axes": np.int64(axes)})
    assert rewritten(before, lean_pools) == before
