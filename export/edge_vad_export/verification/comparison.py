"""Compares a scene model with single precision, on real frames."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from edge_vad.backends import Backend, ModelOutput
from edge_vad.errors import BadInput, CheckFailed
from edge_vad.scene_model import Comparison, Precision
from edge_vad.scoring.metrics import rank_correlation, roc_area
from edge_vad_export.verification.samples import PreparedSample

MAX_AUC_DROP = 0.005
MAX_SCORE_SHIFT = 0.25
"""Largest shift of a frame's score, see `Comparison.score_shift`.

From 0 to 1 is from the median of ordinary frames to their 95th percentile, and thresholds lie
beyond 1, so this is a quarter of the spread that ordinary footage has by itself.
"""

_WARM_UP = 3
"""Frames until a backend has settled."""

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
    first = _Agreement("fp32", reference)
    all_of_them = [first, *(_Agreement(*each) for each in others)]
    labels: list[bool | None] = []
    for seen in footage:
        labels.append(seen.anomalous)
        run = _run_in_turn if seen.has_motion else _run_unscored
        run(all_of_them, seen, len(labels))
        on_frame()
    if not first.times:
        raise BadInput("there are no two frames in a row to compare on", "give longer footage")
    known = None if None in labels else np.array(labels, np.bool_)
    return tuple(each.compare(first, known) for each in all_of_them)


def _run_unscored(runners: Sequence[_Agreement], seen: PreparedSample, _number: int) -> None:
    """Take in a frame without motion, which graphs with motion inside have to see; it scores 0."""
    for each in runners:
        each.scores.append(0.0)
        if each.backend.motion_inside:
            each.infer(seen)


def _run_in_turn(runners: Sequence[_Agreement], seen: PreparedSample, number: int) -> None:
    """Run all on a frame, each time another first, so that none has it easier."""
    results: dict[int, tuple[ModelOutput, float]] = {}
    for place in range(len(runners)):
        index = (place + number) % len(runners)
        started = time.perf_counter()
        maps = runners[index].infer(seen)
        results[index] = maps, time.perf_counter() - started
    for index, each in enumerate(runners):
        maps, seconds = results[index]
        if not maps.are_finite:
            raise CheckFailed(
                f"{each.precision} on {each.backend.name} gives no number for frame {number}",
                "train the scene again, or keep to single precision where that gives numbers",
            )
        each.add(maps, results[0][0], seconds)


class _Agreement:
    """Gathers how far a graph is from the reference, frame by frame, in little memory.

    Args:
        precision: What the graph's encoders compute in.
        backend: What runs it.
    """

    def __init__(self, precision: Precision, backend: Backend) -> None:
        self.precision, self.backend = precision, backend
        self.scores: list[float] = []
        self.times: list[float] = []
        self._map_error = self._largest_map = 0.0

    def infer(self, seen: PreparedSample) -> ModelOutput:
        """Run the graph on a frame."""
        return self.backend.infer(seen.of_camera if self.backend.motion_inside else seen.inputs)

    def add(self, given: ModelOutput, expected: ModelOutput, seconds: float) -> None:
        """Take in a frame, and how long it took."""
        difference = np.abs(given.anomaly_map - expected.anomaly_map).max()
        self._map_error = max(self._map_error, float(difference))
        self._largest_map = max(self._largest_map, float(np.abs(expected.anomaly_map).max()))
        self.scores.append(float(given.score[0]))
        self.times.append(seconds)

    def compare(self, reference: _Agreement, labels: NDArray[np.bool_] | None) -> Comparison:
        """Sum up.

        Args:
            reference: The graph in single precision.
            labels: (frames,), True for anomalous frames; None without labels.
        """
        given, expected = np.array(self.scores), np.array(reference.scores)
        difference = np.abs(given - expected)
        most = float(np.abs(expected).max())
        auc = None if labels is None else roc_area(labels, given)
        return Comparison(
            precision=self.precision,
            backend=self.backend.name,
            device=self.backend.device,
            frames=len(self.times),
            map_error=self._map_error,
            map_relative_error=_share(self._map_error, self._largest_map),
            score_error=float(difference.max()),
            score_relative_error=_share(float(difference.max()), most),
            score_shift=float((difference / np.maximum(1, np.abs(expected))).max()),
            rank_correlation=rank_correlation(given, expected),
            auc=auc,
            auc_drop=None if labels is None or auc is None else roc_area(labels, expected) - auc,
            milliseconds=1000 * float(np.median(self.times[_WARM_UP:] or self.times)),
        )


def _share(error: float, most: float) -> float:
    return error / most if most else error
