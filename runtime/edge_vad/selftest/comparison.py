"""Runs backends on the same frames, and compares what they say."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from edge_vad.backends import AnyInput, ModelOutput, load_backend
from edge_vad.errors import EdgeVadError
from edge_vad.scene_model import SceneCard, SceneModel
from edge_vad.scoring.preparation import FramePreparer
from edge_vad.selftest.report import BackendComparison
from edge_vad.sources import open_source

REFERENCE = "onnxruntime"
FRAMES = 40
TOLERANCE = {"fp32": 1e-2, "fp16": 5e-2, "int8": 2e-1}
"""Largest relative error of maps and scores, by the precision of the scene's encoders.

Anomaly maps are differences of large energies and lose digits; a fault is off by far more.
"""

_WARM_UP = 5


def street_inputs(card: SceneCard, frames: int = FRAMES) -> list[AnyInput]:
    """What the detector would feed the graph on the simulated street, of the scene's own shape."""
    preparer = FramePreparer(card)
    with open_source(f"test://street?seed=3&frames={frames + 1}{_size(card)}") as street:
        made = [preparer.prepare(frame, steps=1.0).inputs.copied() for frame in street]
    return made[1:]  # the first has no motion


def compare(
    model: SceneModel, names: Sequence[str], inputs: Sequence[AnyInput]
) -> Iterator[BackendComparison]:
    """Compare backends with ONNX Runtime on the CPU, which is measured first.

    Raises:
        EdgeVadError: The reference itself cannot be run.
    """
    reference, device, pace = _measure(model, REFERENCE, inputs)
    yield BackendComparison(REFERENCE, device, 0.0, 0.0, pace, agrees=reference.are_finite)
    for name in names:
        if name == REFERENCE:
            continue
        try:
            maps, device, pace = _measure(model, name, inputs)
        except EdgeVadError as error:
            yield BackendComparison(name, "", None, None, None, agrees=False, failure=str(error))
            continue
        errors = [
            _relative(maps.anomaly_map, reference.anomaly_map),
            _relative(maps.score, reference.score),
        ]
        agrees = bool(np.all(np.array(errors) <= TOLERANCE[model.card.precision]))  # not for NaN
        yield BackendComparison(name, device, errors[0], errors[1], pace, agrees)


def _measure(
    model: SceneModel, name: str, inputs: Sequence[AnyInput]
) -> tuple[ModelOutput, str, float]:
    """Everything a backend says, its device, and its median time for one frame, ms."""
    backend = load_backend(model, name)
    try:
        for each in inputs[:_WARM_UP]:
            backend.infer(each)
        said, times = [], []
        for each in inputs:
            started = time.perf_counter()
            said.append(backend.infer(each))
            times.append(time.perf_counter() - started)
    finally:
        backend.close()
    maps = ModelOutput(
        np.concatenate([each.anomaly_map for each in said]),
        np.concatenate([each.score for each in said]),
    )
    return maps, backend.device, statistics.median(times) * 1e3


def _relative(ours: NDArray[np.float32], theirs: NDArray[np.float32]) -> float:
    largest = float(np.abs(theirs).max())
    return float(np.abs(ours - theirs).max()) / (largest or 1.0)


def _size(card: SceneCard) -> str:
    """The street in the scene's own shape."""
    return f"&size={card.width}x{card.height}"
