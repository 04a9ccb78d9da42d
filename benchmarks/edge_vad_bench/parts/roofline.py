"""What boards that are not at hand could do at best, on paper."""

from __future__ import annotations

from dataclasses import dataclass

from edge_vad_bench.schema import Projection, SceneUsed

BASIS = (
    "peaks of the GPU alone from NVIDIA's data sheets, highest power mode, without sparsity; two "
    "operations are one multiply-accumulate; FP16 at half the rate of INT8; FP32 is CUDA cores "
    "times highest clock; every operator's bytes move once through memory"
)
"""What the projections rest on."""

_LAUNCH_US = 3.2
"""What an operator of a recorded CUDA graph took on an H200."""


@dataclass(frozen=True)
class Board:
    """Published peaks of a board.

    Attributes:
        name: Of the board.
        tera_macs: Precision to 1e12 multiply-accumulates a second.
        gb_s: Memory bandwidth, 1e9 bytes a second.
    """

    name: str
    tera_macs: dict[str, float]
    gb_s: float


BOARDS = (
    Board("Jetson Orin Nano 8GB", {"fp32": 0.64, "fp16": 5.0, "int8": 10.0}, 68.0),
    Board("Jetson Orin NX 16GB", {"fp32": 0.94, "fp16": 7.5, "int8": 15.0}, 102.4),
    Board("Jetson AGX Orin 64GB", {"fp32": 2.66, "fp16": 21.2, "int8": 42.5}, 204.8),
    Board("Jetson AGX Thor T5000", {"fp32": 4.03, "fp16": 129.0, "int8": 259.0}, 273.0),
    Board("GeForce RTX 4090", {"fp32": 41.3, "fp16": 165.0, "int8": 330.0}, 1008.0),
)


def project(scene: SceneUsed) -> tuple[Projection, ...]:
    """Hold a graph's operations and bytes to the published peaks.

    Args:
        scene: The scene model; nothing is projected where its cost is not known.
    """
    if scene.gmac is None or scene.mib_moved is None:
        return ()
    return tuple(_project(scene, scene.gmac, scene.mib_moved, board) for board in BOARDS)


def _project(scene: SceneUsed, gmac: float, mib_moved: float, board: Board) -> Projection:
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
        launch_ms=None if scene.launches is None else round(scene.launches * _LAUNCH_US / 1000, 3),
        least_ms=round(max(compute_ms, memory_ms), 5),
        bound_by="compute" if compute_ms >= memory_ms else "memory",
    )
