"""Averages over a frame's bytes, added up as bytes: the same numbers as by the graph itself."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from edge_vad import cpu_variant
from edge_vad_export.byte_sums import byte_sums

BATCH = 2
LUMA = (15, 75, 38)


def averaging(rows: int, pixels: int, block: int, shares: tuple[float, ...]) -> onnx.ModelProto:
    """Averages over blocks of pixels, two abreast, as `lean_frame` leaves them."""
    average = np.kron(np.eye(2), np.kron(np.ones((block, 1)), np.array(shares)[:, None]))
    width = pixels * 2 * block * 3
    weights = {
        "lines_sides": np.int64([-1, block, width]),
        "axis": np.int64([1]),
        "parts_sides": np.int64([-1, 2 * block * 3]),
        "average": (average / 255).astype(np.float32),
        "sides": np.int64([-1, 1, rows, pixels * 2]),
    }
    nodes = [
        helper.make_node("Cast", ["frame"], ["numbers"], "cast", to=TensorProto.FLOAT),
        helper.make_node("Reshape", ["numbers", "lines_sides"], ["lines"], "lines"),
        helper.make_node("ReduceSum", ["lines", "axis"], ["sums"], "sums", keepdims=0),
        helper.make_node("Reshape", ["sums", "parts_sides"], ["parts"], "parts"),
        helper.make_node("MatMul", ["parts", "average"], ["means"], "means"),
        helper.make_node("Reshape", ["means", "sides"], ["grey"], "grey"),
    ]
    shape = ["batch", rows * block, pixels * 2 * block, 3]
    graph = helper.make_graph(
        nodes,
        "averaging",
        [helper.make_tensor_value_info("frame", TensorProto.UINT8, shape)],
        [helper.make_tensor_value_info("grey", TensorProto.FLOAT, ["batch", 1, rows, pixels * 2])],
        [numpy_helper.from_array(values, name) for name, values in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


def varied(model: onnx.ModelProto) -> bytes | None:
    variant = byte_sums(model.graph)
    if variant is None:
        return None
    held = cpu_variant.encode(variant.SerializeToString())
    model.metadata_props.add(key=cpu_variant.KEY, value=held)
    return cpu_variant.with_variant(model.SerializeToString())


def compute(content: bytes, frame: np.ndarray) -> np.ndarray:
    return ort.InferenceSession(content).run(["grey"], {"frame": frame})[0]


@given(st.integers(1, 4), st.integers(1, 5), st.integers(4, 8), st.sampled_from([LUMA, (1, 1, 1)]))
def test_bytes_add_up_to_what_their_numbers_do(rows, pixels, block, shares):
    model = averaging(rows, pixels, block, tuple(each / sum(shares) for each in shares))
    content = varied(model)
    assert content is not None
    onnx.checker.check_model(onnx.load_from_string(content), full_check=True)
    shape = BATCH, rows * block, pixels * 2 * block, 3
    for frame in (
        np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8),
        np.full(shape, 255, np.uint8),  # where 16 bits would overflow first
    ):
        given_ = compute(content, frame)
        np.testing.assert_allclose(given_, compute(model.SerializeToString(), frame), rtol=1e-5)


@pytest.mark.parametrize("shares", [(0.114, 0.587, 0.299), (1, 100, 99)])
def test_what_is_no_proportion_of_small_whole_numbers_has_no_variant(shares):
    assert varied(averaging(3, 4, 4, shares)) is None


def test_few_rows_have_no_variant():
    assert varied(averaging(3, 4, 2, (1, 1, 1))) is None


def test_sums_that_others_take_have_no_variant():
    model = averaging(3, 4, 4, (1, 1, 1))
    model.graph.node.append(helper.make_node("Neg", ["sums"], ["other"], "other"))
    assert varied(model) is None
