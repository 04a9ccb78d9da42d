"""How near the graph comes to the best rate of ONNX Runtime on this machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from edge_vad.backends import ModelInput, load_backend
from edge_vad.backends.onnxruntime import open_session
from edge_vad.backends.providers import PROVIDERS
from edge_vad.onnx_file import cost, writer
from edge_vad.onnx_file.writer import node, value
from edge_vad.scene_model import SceneModel
from edge_vad_bench.schema import ComputeBound

_CHANNELS, _KERNEL = 64, 3
_SIDES = (48, 96, 160)
"""Sides of the large convolution's image, px: the best of them counts."""

_ROUNDS, _REPEATS = 60, 5


def measure_compute_bound(
    path: Path, threads: int, on_progress: Callable[[str], None]
) -> ComputeBound | None:
    """Time a scene's graph in turns with large convolutions of 64 channels.

    The bound is the time of the graph's multiply-accumulates at the best rate of the convolutions.

    Args:
        path: The scene model, in single precision.
        threads: CPU threads.
        on_progress: Called with what is being done.

    Returns:
        The comparison; None where the graph's cost is not known, or nothing.
    """
    model = SceneModel.read(path)
    counted = cost.count(path, model.card.outputs)
    if counted is None or counted.macs == 0 or model.card.motion_inside:
        return None
    on_progress(f"{path.name}: in turns with one large convolution")
    rates = {side: _convolution(side, threads) for side in _SIDES}
    graph = _graph(model, threads)
    times: dict[int, list[float]] = {side: [] for side in _SIDES}
    ours: list[float] = []
    for _ in range(_ROUNDS):
        for side, run in rates.items():
            times[side].append(_time(run))
        ours.append(_time(graph))
    best = max(_macs(side) / min(times[side]) for side in _SIDES)
    bound_s, measured_s = counted.macs / best, min(ours)
    return ComputeBound(
        scene=path.name,
        gmac=round(counted.macs / 1e9, 5),
        gmac_a_second=round(best / 1e9, 2),
        bound_ms=round(bound_s * 1000, 4),
        measured_ms=round(measured_s * 1000, 4),
        times_bound=round(measured_s / bound_s, 3),
    )


def _macs(side: int) -> int:
    return (side - _KERNEL + 1) ** 2 * _CHANNELS**2 * _KERNEL**2


def _convolution(side: int, threads: int) -> Callable[[], object]:
    random = np.random.default_rng(0)
    weights = random.normal(0, 0.05, (_CHANNELS, _CHANNELS, _KERNEL, _KERNEL)).astype(np.float32)
    image = random.random((1, _CHANNELS, side, side)).astype(np.float32)
    reach = side - _KERNEL + 1
    content = writer.model(
        [node("Conv", ["image", "weights"], "result")],
        [value("image", "float32", image.shape)],
        [value("result", "float32", [1, _CHANNELS, reach, reach])],
        {"weights": weights},
    )
    session = open_session(PROVIDERS["onnxruntime"], content, threads)
    return lambda: session.run(None, {"image": image})


def _graph(model: SceneModel, threads: int) -> Callable[[], object]:
    card, random = model.card, np.random.default_rng(0)
    frame = random.integers(0, 255, (1, card.height, card.width, 3)).astype(np.uint8)
    inputs = ModelInput(frame, random.normal(0, 1, (1, *card.motion_shape)).astype(np.float32))
    backend = load_backend(model, "onnxruntime", threads=threads)
    return lambda: backend.infer(inputs)


def _time(run: Callable[[], object]) -> float:
    """The fastest of some runs, s: a bound is about what is possible."""
    times = []
    for _ in range(_REPEATS):
        started = time.perf_counter()
        run()
        times.append(time.perf_counter() - started)
    return min(times)
