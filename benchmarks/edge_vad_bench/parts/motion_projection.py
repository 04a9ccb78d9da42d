"""What boards that are not at hand could do with motion inside the graph, on paper.

A range, for most of it is launches of small kernels, and what one takes is assumed.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from edge_vad.engine_file import identify, read_sidecar
from edge_vad.errors import BadModel
from edge_vad.onnx_file.pruning import needed_graph
from edge_vad.scene_model import SceneModel
from edge_vad_bench.measure.engine_work import bytes_of, launches_of
from edge_vad_bench.measure.graph_work import GraphWork, count_work
from edge_vad_bench.parts.boards import BOARDS, JETSON_TIMES, RECORDED_US, SINGLE_US, PublishedBoard
from edge_vad_bench.schema import MotionProjection

BATCH = 32
"""Cameras that are scored at once."""

FPS = 25
"""Frames a second of the cameras that are counted."""

UNFUSED = "operators of the graph, none fused"

_ASSUMED = """
FP32 on CUDA cores, for flow is FP32 and nearly all of the work: an operation or a
multiply-accumulate is one instruction of one lane, a division, root, logarithm or exponential four;
peaks of the GPU from NVIDIA's data sheets, highest power mode

best: the slowest of operations at peak, bytes of inputs, state, outputs and weights once, and
launches within one CUDA graph; so one camera and 32 take alike where launches are the slowest

worst: the slower of operations at peak and bytes of every kernel through memory, none kept in a
cache, and after that all launches one by one

a launch: {recorded} us within a CUDA graph and {single} us one by one on a card, as an operator of
ONNX Runtime took on an H200, and {times} times that on a Jetson, which is assumed, as is that loops
can be captured in a CUDA graph

kernels: layers of the engine for compute capability 8.9 where there is one beside the scene model,
each as often as its loop turns, else operators; the same on all boards; a batch shares launches

not counted: decoding, copies of frames, decisions, the CPU
"""

_SAID = _ASSUMED.format(recorded=RECORDED_US, single=SINGLE_US, times=JETSON_TIMES)
BASIS = tuple(" ".join(each.split()) for each in _SAID.split("\n\n"))
"""What the projections rest on."""


def project_motion(path: Path) -> tuple[MotionProjection, ...]:
    """Hold the graph of a scene with motion inside to the peaks of boards.

    Args:
        path: The scene model; nothing is projected where it takes motion from outside.
    """
    model = SceneModel.read(path)
    if model.card.motion_inside is None:
        return ()
    work = count_work(model)
    kernels = _kernels(model, work)
    return tuple(_project(path.name, work, kernels, board) for board in BOARDS)


class _Kernels(NamedTuple):
    """What is launched for a frame, the bytes that it moves, and how that was counted."""

    launches: int
    moved_bytes: int
    counted_from: str


def _kernels(model: SceneModel, work: GraphWork) -> _Kernels:
    """By the engine that lies beside the scene model, if one does."""
    path = model.path
    for engine in sorted(path.parent.glob(f"{path.stem}.*.engine")):
        try:
            sidecar = read_sidecar(engine)
        except BadModel:
            continue
        if sidecar.onnx.sha256 == identify(path).sha256:
            layers = [each.nodes for each in sidecar.layers]
            content = needed_graph(model.content(), model.card.outputs)
            moved = bytes_of(content, work, layers)
            return _Kernels(launches_of(layers, work.trips), moved, f"layers of {engine.name}")
    return _Kernels(work.launches, work.moved_bytes, UNFUSED)


def _project(
    scene: str, work: GraphWork, kernels: _Kernels, board: PublishedBoard
) -> MotionProjection:
    operations_ms = work.operations / board.tera_macs["fp32"] / 1e9
    least_ms, most_ms = (
        each / board.gb_s / 1e6 for each in (work.least_bytes, kernels.moved_bytes)
    )
    graph_ms, single_ms = (kernels.launches * each / 1000 for each in board.launch_us)
    best_ms, worst_ms = max(operations_ms, least_ms), max(operations_ms, most_ms)

    def of(cameras: int) -> tuple[float, float]:
        return _rounded(max(cameras * best_ms, graph_ms)), _rounded(cameras * worst_ms + single_ms)

    budget_ms = 1000 / FPS
    fits = int(budget_ms / best_ms) if graph_ms <= budget_ms else 0
    return MotionProjection(
        board=board.name,
        scene=scene,
        operations_ms=_rounded(operations_ms),
        bytes_ms=(_rounded(least_ms), _rounded(most_ms)),
        launches=kernels.launches,
        launches_from=kernels.counted_from,
        launches_ms=(_rounded(graph_ms), _rounded(single_ms)),
        frame_ms=of(1),
        batch_ms=of(BATCH),
        cameras=(fits, max(0, int((budget_ms - single_ms) / worst_ms))),
    )


def _rounded(value: float) -> float:
    return round(value, 4)
