"""Motion inside the graph on boards that are not at hand: counts are exact, the rest is marked."""

from __future__ import annotations

import msgspec
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from edge_vad import engine_file
from edge_vad.device.fingerprint import DeviceFingerprint
from edge_vad.engine_file import EngineLayer
from edge_vad.motion.state import MotionInside
from edge_vad.scene_model import SceneModel
from edge_vad_bench import store
from edge_vad_bench.measure import graph_work
from edge_vad_bench.measure.engine_work import bytes_of, launches_of
from edge_vad_bench.measure.graph_work import GraphWork, count_work
from edge_vad_bench.parts.boards import BOARDS
from edge_vad_bench.parts.motion_projection import BATCH, UNFUSED, project_motion


def looped() -> bytes:
    """Y = X (4x6) W (6x3); a loop adds each of its 4 rows up; a root of the sum."""
    body = helper.make_graph(
        [
            helper.make_node("Add", ["sum", "row"], ["next"]),
            helper.make_node("Identity", ["next"], ["kept"]),
        ],
        "body",
        [
            helper.make_tensor_value_info("sum", TensorProto.FLOAT, [3]),
            helper.make_tensor_value_info("row", TensorProto.FLOAT, [3]),
        ],
        [
            helper.make_tensor_value_info("next", TensorProto.FLOAT, [3]),
            helper.make_tensor_value_info("kept", TensorProto.FLOAT, [3]),
        ],
    )
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["y"]),
        helper.make_node(
            "Scan", ["zero", "y"], ["sum", "sums"], "loop", num_scan_inputs=1, body=body
        ),
        helper.make_node("Sqrt", ["sum"], ["root"]),
    ]
    graph = helper.make_graph(
        nodes,
        "looped",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [4, 6])],
        [helper.make_tensor_value_info("root", TensorProto.FLOAT, [3])],
        [
            onnx.numpy_helper.from_array(np.ones((6, 3), np.float32), "w"),
            onnx.numpy_helper.from_array(np.zeros(3, np.float32), "zero"),
        ],
    )
    opset = [helper.make_opsetid("", 18)]
    return helper.make_model(graph, opset_imports=opset, ir_version=9).SerializeToString()


def test_work_is_counted_in_loops_as_often_as_they_turn(tmp_path) -> None:
    inputs = {"x": np.ones((4, 6), np.float32)}
    nodes, _ = graph_work._run(looped(), inputs, ["root"], tmp_path)
    operations = {
        kind: sum(graph_work._operations(node) for node in nodes if node.kind == kind)
        for kind in ("MatMul", "Add", "Sqrt", "Scan", "Identity")
    }
    assert operations == {
        "MatMul": 4 * 3 * 6,
        "Add": 4 * 3,
        "Sqrt": 3 * graph_work.SLOW_OPERATIONS,
        "Scan": 0,
        "Identity": 0,
    }
    moved = {node.kind: node.moved_bytes for node in nodes}
    assert moved["MatMul"] == 4 * (24 + 18 + 12)
    assert moved["Add"] == 4 * 9
    assert moved["Scan"] == 0
    assert graph_work._weight_bytes(looped()) == 4 * (18 + 3)


def test_bytes_cross_between_layers_and_turns_of_a_loop_and_not_within_a_layer(tmp_path) -> None:
    content = named(looped())
    inputs = {"x": np.ones((4, 6), np.float32)}
    nodes, _ = graph_work._run(content, inputs, ["root"], tmp_path)
    sizes = {node.name: (node.input_bytes, node.output_bytes) for node in nodes}
    work = GraphWork(0, 0, 0, 0, 0, trips={"loop": 4}, sizes=sizes)
    product, row = 4 * (24 + 18 + 12), 4 * 3
    one_each = [["product"], ["loop.add"], ["root"], []]
    assert bytes_of(content, work, one_each) == product + 4 * 3 * row + 2 * row
    assert bytes_of(content, work, [["product"], ["root"]]) == product + 2 * row


def named(content: bytes) -> bytes:
    model = onnx.load_from_string(content)
    product, loop, root = model.graph.node
    product.name, root.name = "product", "root"
    loop.attribute[0].g.node[0].name = "loop.add"
    return model.SerializeToString()


def test_layers_of_a_loop_count_as_often_as_it_turns() -> None:
    layers = [["y"], ["loop.next", "loop.kept"], ["root"], ["loopy"], []]
    assert launches_of(layers, {"loop": 4}) == 1 + 4 + 1 + 1
    assert launches_of(layers, {}) == 4


def test_a_projection_is_a_range_in_which_the_counts_can_be_found_again(tiny_scene) -> None:
    scene = tiny_scene(motion_inside=MotionInside(long_steps=False))
    work = count_work(SceneModel.read(scene))
    rows = project_motion(scene)
    assert [row.board for row in rows] == [board.name for board in BOARDS]
    for row, board in zip(rows, BOARDS, strict=True):
        assert row.launches_from == UNFUSED
        assert row.launches == work.launches > 10
        assert row.operations_ms == pytest.approx(
            work.operations / board.tera_macs["fp32"] / 1e9, abs=1e-4
        )
        best, worst = row.frame_ms
        assert best == max(row.operations_ms, row.bytes_ms[0], row.launches_ms[0])
        assert worst == pytest.approx(row.bytes_ms[1] + row.launches_ms[1], abs=1e-3)
        assert row.batch_ms[1] == pytest.approx(
            BATCH * row.bytes_ms[1] + row.launches_ms[1], abs=1e-2
        )
        assert row.cameras[0] > row.cameras[1] > BATCH
    assert work.moved_bytes > work.least_bytes > work.weight_bytes


def test_launches_are_those_of_the_engine_beside_the_scene_model(tiny_scene) -> None:
    scene = tiny_scene(motion_inside=MotionInside(long_steps=False))
    device = DeviceFingerprint(compute_capability="8.9")
    engine = engine_file.engine_path(scene, "rtx", device)
    engine.write_bytes(b"engine")
    layers = tuple(EngineLayer(f"{at}", (f"n{at}",) if at else (), (), ()) for at in range(4))
    sidecar = engine_file.Sidecar(
        schema=engine_file.SCHEMA,
        target="rtx",
        device=device,
        onnx=engine_file.identify(scene),
        options=engine_file.EngineOptions(),
        engine=engine_file.identify(engine),
        precision="fp32",
        layers=layers,
        built="2026-01-01T00:00:00Z",
        build_s=1.0,
        edge_vad="0",
    )
    engine_file.sidecar_path(engine).write_bytes(msgspec.json.encode(sidecar))
    assert {row.launches for row in project_motion(scene)} == {3}
    other = msgspec.structs.replace(sidecar, onnx=engine_file.identify(engine))
    engine_file.sidecar_path(engine).write_bytes(msgspec.json.encode(other))
    assert {row.launches_from for row in project_motion(scene)} == {UNFUSED}


def test_the_report_has_it_apart_from_what_was_measured(
    edge_vad, tiny_scene, clip, tmp_path
) -> None:
    scene = tiny_scene(motion_inside=MotionInside(long_steps=False))
    words = "--source", clip, "--out", tmp_path / "out", "--only", "projection", "--quick"
    answer = edge_vad("bench", scene, *words)
    assert answer.code == 0, answer.err
    report = store.read(tmp_path / "out")
    assert not report.projections
    assert len(report.motion_projections) == len(BOARDS)
    before, after = (tmp_path / "out/report.md").read_text().split("motion inside the graph", 1)
    assert "RTX 4090" in after
    assert "RTX 4090" not in before


def test_a_scene_that_takes_motion_has_none(tiny_scene) -> None:
    assert project_motion(tiny_scene()) == ()
