"""What boards that are not at hand could do at best, on paper."""

from __future__ import annotations

from edge_vad_bench.parts.boards import BOARDS, RECORDED_US, PublishedBoard
from edge_vad_bench.schema import Projection, SceneUsed

BASIS = (
    "peaks of the GPU alone from NVIDIA's data sheets, highest power mode, without sparsity; two "
    "operations are one multiply-accumulate; FP16 at half the rate of INT8; FP32 is CUDA cores "
    "times highest clock; every operator's bytes move once through memory"
)
"""What the projections rest on."""


def project(scene: SceneUsed) -> tuple[Projection, ...]:
    """Hold a graph's operations and bytes to the published peaks.

    Args:
        scene: The scene model; nothing is projected where its cost is not known.
    """
    if scene.gmac is None or scene.mib_moved is None:
        return ()
    return tuple(_project(scene, scene.gmac, scene.mib_moved, board) for board in BOARDS)


def _project(scene: SceneUsed, gmac: float, mib_moved: float, board: PublishedBoard) -> Projection:
    peak = board.tera_macs[scene.precision]
    compute_ms = gmac / peak  # 1e9 / 1e12 s, in ms
    memory_ms = mib_moved * 2**20 / board.gb_s / 1e6
    return Projection(
        board=board.name,
        scene=scene.name,
        precision=scene.precision,
        peak_tera=peak,
        peak_gb_s=board.gb_s,
        compute_ms=round(compute_ms, 5),
        memory_ms=round(memory_ms, 5),
        launch_ms=None if scene.launches is None else round(scene.launches * RECORDED_US / 1000, 3),
        least_ms=round(max(compute_ms, memory_ms), 5),
        bound_by="compute" if compute_ms >= memory_ms else "memory",
    )
