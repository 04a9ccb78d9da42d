"""Operations and bytes counted in a graph."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from edge_vad.onnx_file import writer
from edge_vad.onnx_file.cost import count, count_outputs
from edge_vad.onnx_file.writer import node, value


def write_graph(path: Path) -> Path:
    """Two convolutions in a row, a matrix product behind the first, one cell by cell."""

    def weights(name: str, *shape: int) -> onnx.TensorProto:
        return numpy_helper.from_array(np.ones(shape, np.float32), name)

    nodes = [
        helper.make_node("Conv", ["frame", "first"], ["middle"], strides=[2, 2]),
        helper.make_node("Conv", ["middle", "second"], ["map"], group=2),
        helper.make_node("Relu", ["middle"], ["kept"]),
        helper.make_node("MatMul", ["kept", "third"], ["product"]),
        helper.make_node("Flatten", ["map"], ["flat"]),
        helper.make_node("Gemm", ["flat", "fourth"], ["score"], transB=1),
    ]
    unknown = [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in OUTPUTS]
    graph = helper.make_graph(
        nodes,
        "counted",
        [helper.make_tensor_value_info("frame", TensorProto.FLOAT, ["N", 3, 20, 30])],
        unknown,
        [
            weights("first", 8, 3, 4, 4),
            weights("second", 6, 4, 3, 3),
            weights("third", 14, 5),
            weights("fourth", 2, 6 * 7 * 12),
        ],
    )
    opset = [helper.make_opsetid("", 18)]
    path.write_bytes(helper.make_model(graph, opset_imports=opset).SerializeToString())
    return path


OUTPUTS = ("map", "product", "score")


def test_the_count_is_that_by_hand(tmp_path: Path) -> None:
    first = (8 * 9 * 14) * (3 * 4 * 4)  # 20x30 by 4x4 in steps of 2: 9x14
    second = (6 * 7 * 12) * (4 * 3 * 3)  # two groups of four channels each
    product = (8 * 9 * 5) * 14
    score = (6 * 7 * 12) * 2
    assert count_outputs(write_graph(tmp_path / "graph.onnx")) == {
        "map": first + second,
        "product": first + product,
        "score": first + second + score,
    }


def test_a_graph_whose_shapes_cannot_be_told_has_no_count(tmp_path: Path) -> None:
    path = write_graph(tmp_path / "graph.onnx")
    model = onnx.load(str(path))
    model.graph.input[0].type.tensor_type.shape.dim[2].dim_param = "height"
    path.write_bytes(model.SerializeToString())
    assert count_outputs(path) is None
    assert count(path) is None


def write_convolution(path: Path, weights: np.ndarray) -> Path:
    content = writer.model(
        [node("Conv", ["image", "weights"], "result")],
        [value("image", "float32", ["N", 3, 20, 30])],
        [value("result", "float32", ["N", 8, 16, 26])],
        {"weights": weights},
    )
    path.write_bytes(content)
    return path


def test_a_convolution_costs_its_results_times_its_filter(tmp_path: Path) -> None:
    cost = count(write_convolution(tmp_path / "conv.onnx", np.ones((8, 3, 5, 5), np.float32)))
    assert cost is not None
    assert cost.macs == 16 * 26 * 8 * 3 * 5 * 5
    assert cost.bytes == 4 * (3 * 20 * 30 + 8 * 3 * 5 * 5 + 8 * 16 * 26)
    assert cost.operators == {"Conv": 1}


def test_weights_of_zero_cost_nothing(tmp_path: Path) -> None:
    weights = np.zeros((8, 3, 5, 5), np.float32)
    weights[2, 1, :, 3] = 0.5
    cost = count(write_convolution(tmp_path / "conv.onnx", weights))
    assert cost is not None
    assert cost.macs == 16 * 26 * 5


def test_outputs_that_are_wanted_together_share_their_work(tmp_path: Path) -> None:
    path = write_graph(tmp_path / "graph.onnx")
    each, whole = count_outputs(path), count(path)
    both = count(path, ["map", "product"])
    assert each
    assert both
    assert whole
    first = (8 * 9 * 14) * (3 * 4 * 4)
    assert both.macs == each["map"] + each["product"] - first
    assert both.operators == {"Conv": 2, "Relu": 1, "MatMul": 1}
    assert whole.macs == each["score"] + each["product"] - first


def test_what_stands_in_a_loop_counts_as_often_as_it_goes_round(tmp_path: Path) -> None:
    """A loop over three lines of four numbers, each multiplied by a matrix and a number."""

    def value(name: str, *shape: int | str) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

    body = helper.make_graph(
        [
            helper.make_node("Identity", ["before"], ["after"]),
            helper.make_node("MatMul", ["line", "matrix"], ["product"]),
            helper.make_node("Mul", ["product", "factor"], ["scaled"]),
        ],
        "body",
        [value("before", "other"), value("line", "other", 4)],
        [value("after", "other"), value("scaled", "other", 5)],
        value_info=[value("product", "other", 5)],
    )
    scan = helper.make_node(
        "Scan", ["state", "lines"], ["last", "result"], body=body, num_scan_inputs=1
    )
    weights = {"matrix": np.ones((4, 5), np.float32), "factor": np.float32(2)}
    graph = helper.make_graph(
        [scan],
        "loop",
        [value("state", "N"), value("lines", 3, "N", 4)],
        [value("last", "N"), value("result", 3, "N", 5)],
        [numpy_helper.from_array(np.asarray(held), name) for name, held in weights.items()],
    )
    path = tmp_path / "loop.onnx"
    opset = [helper.make_opsetid("", 18)]
    path.write_bytes(helper.make_model(graph, opset_imports=opset).SerializeToString())
    cost = count(path)
    assert cost is not None
    assert cost.macs == 3 * 4 * 5
    assert cost.bytes == 3 * 4 * ((4 + 20 + 5) + (5 + 1 + 5))
    assert cost.operators == {"Identity": 3, "MatMul": 3, "Mul": 3}
    assert cost.launches == 6
