"""Compares a scene model with single precision, on real frames."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from edge_vad.backends import Backend, ModelOutput
from edge_vad.errors import BadInput, CheckFailed
from edge_vad.scene_model import Comparison, Precision
from edge_vad_export.verification.agreement import Agreement
from edge_vad_export.verification.samples import PreparedSample

MAX_AUC_DROP = 0.005
MAX_SCORE_SHIFT = 0.25
"""Largest shift of a frame's score, see `Comparison.score_shift`.

From 0 to 1 is from the median of ordinary frames to their 95th percentile, and thresholds lie
beyond 1, so this is a quarter of the spread that ordinary footage has by itself.
"""


Runner = tuple[Precision, Backend]


def compare_backends(
    reference: Backend,
    others: Sequence[Runner],
    footage: Iterable[PreparedSample],
    on_frame: Callable[[], None] = lambda: None,
) -> tuple[Comparison, ...]:
    """Run the graph in single precision and others on the same frames, turn by turn.

    Args:
        reference: The graph in single precision on ONNX Runtime's CPU.
        others: What is held to it.
        footage: Prepared frames; with labels either all or none.
        on_frame: Called after every frame.

    Returns:
        The reference's own row, then one for each of the others.

    Raises:
        CheckFailed: One of them gave something that is no number, or infinite.
        BadInput: There is no frame with motion.
    """
    first = Agreement("fp32", reference)
    all_of_them = [first, *(Agreement(*each) for each in others)]
    labels: list[bool | None] = []
    for seen in footage:
        labels.append(seen.anomalous)
        if seen.has_motion:
            _run_in_turn(all_of_them, seen, len(labels))
        else:
            _run_unscored(all_of_them, seen)
        on_frame()
    if not first.times:
        raise BadInput("there are no two frames in a row to compare on", "give longer footage")
    known = None if None in labels else np.array(labels, np.bool_)
    return tuple(each.compare(first, known) for each in all_of_them)


def _run_unscored(runners: Sequence[Agreement], seen: PreparedSample) -> None:
    """Take in a frame without motion, which graphs with motion inside have to see."""
    for each in runners:
        each.add_unscored()
        if each.backend.motion_inside:
            each.backend.infer(seen.of_camera)


def _run_in_turn(runners: Sequence[Agreement], seen: PreparedSample, number: int) -> None:
    """Run all on a frame, each time another first, so that none has it easier."""
    results: dict[int, tuple[ModelOutput, float]] = {}
    for place in range(len(runners)):
        index = (place + number) % len(runners)
        started = time.perf_counter()
        backend = runners[index].backend
        maps = backend.infer(seen.of_camera if backend.motion_inside else seen.inputs)
        results[index] = maps, time.perf_counter() - started
    for index, each in enumerate(runners):
        maps, seconds = results[index]
        if not maps.are_finite:
            raise CheckFailed(
                f"{each.precision} on {each.backend.name} gives no number for frame {number}",
                "train the scene again, or keep to single precision where that gives numbers",
            )
        each.add(maps, results[0][0], seconds)
