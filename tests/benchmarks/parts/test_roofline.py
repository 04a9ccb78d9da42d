from __future__ import annotations

from edge_vad.selftest.small_scene import write_small_scene
from edge_vad_bench.measure.device import describe_scene
from edge_vad_bench.parts.boards import BOARDS
from edge_vad_bench.parts.roofline import project


def test_projections_are_the_larger_of_operations_and_bytes(tmp_path):
    scene = describe_scene(write_small_scene(tmp_path / "scene.onnx"))
    assert scene.gmac
    projections = project(scene)
    assert [each.board for each in projections] == [board.name for board in BOARDS]
    for each in projections:
        assert each.least_ms == max(each.compute_ms, each.memory_ms)
        assert each.compute_ms > 0
        assert scene.launches
        assert each.launch_ms == round(scene.launches * 3.2 / 1000, 3)
