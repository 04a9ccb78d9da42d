"""The frame is cast before it is moved."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper

from edge_vad_export.cast_first import cast_first


@pytest.fixture
def model() -> onnx.ModelProto:
    """Transposes a frame of bytes, casts it and doubles it."""
    shape = ["N", 2, 3, 3]
    graph = helper.make_graph(
        [
            helper.make_node("Transpose", ["frame"], ["moved"], perm=[0, 3, 1, 2]),
            helper.make_node("Cast", ["moved"], ["numbers"], to=TensorProto.FLOAT),
            helper.make_node("Add", ["numbers", "numbers"], ["out"]),
        ],
        "tiny",
        [helper.make_tensor_value_info("frame", TensorProto.UINT8, shape)],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, ["N", 3, 2, 3])],
    )
    return helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9, producer_name="tests"
    )


def answer(model: onnx.ModelProto, frame: np.ndarray) -> np.ndarray:
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return np.asarray(session.run(["out"], {"frame": frame})[0])


def test_the_cast_goes_first_and_the_result_is_the_same(model: onnx.ModelProto) -> None:
    frame = np.arange(36, dtype=np.uint8).reshape(2, 2, 3, 3)
    before = answer(model, frame)
    cast_first(model.graph)
    onnx.checker.check_model(model, full_check=True)
    assert [node.op_type for node in model.graph.node] == ["Cast", "Transpose", "Add"]
    np.testing.assert_array_equal(answer(model, frame), before)


def test_an_exported_scene_casts_the_frame_at_its_door(graph: onnx.ModelProto) -> None:
    (first,) = (node for node in graph.graph.node if "frame" in node.input)
    assert first.op_type == "Cast"
