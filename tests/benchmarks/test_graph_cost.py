from __future__ import annotations

from edge_vad import onnx_writer
from edge_vad.onnx_writer import node, value
from edge_vad.selftest.small_scene import write_small_scene
from edge_vad_bench import graph_cost
from edge_vad_bench.device import describe_scene
from edge_vad_bench.roofline import BOARDS, project


def test_a_convolution_costs_its_results_times_its_filter(tmp_path):
    import numpy as np

    weights = np.zeros((8, 3, 5, 5), np.float32)
    content = onnx_writer.model(
        [node("Conv", ["image", "weights"], "result")],
        [value("image", "float32", ["N", 3, 20, 30])],
        [value("result", "float32", ["N", 8, 16, 26])],
        {"weights": weights},
    )
    path = tmp_path / "conv.onnx"
    path.write_bytes(content)
    cost = graph_cost.count(path)
    assert cost is not None
    assert cost.macs == 16 * 26 * 8 * 3 * 5 * 5
    assert cost.bytes == 4 * (3 * 20 * 30 + 8 * 3 * 5 * 5 + 8 * 16 * 26)
    assert cost.operators == {"Conv": 1}


def test_projections_are_the_larger_of_operations_and_bytes(tmp_path):
    scene = describe_scene(write_small_scene(tmp_path / "scene.onnx"))
    assert scene.gmac
    projections = project(scene)
    assert [each.board for each in projections] == [board.name for board in BOARDS]
    for each in projections:
        assert each.least_ms == max(each.compute_ms, each.memory_ms)
        assert each.compute_ms > 0
