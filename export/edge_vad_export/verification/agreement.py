"""How well two graphs agree on the same frames."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_vad.backends import Backend, ModelOutput
from edge_vad.scene_model import Comparison, Precision
from edge_vad.scoring.metrics import rank_correlation, roc_area

_WARM_UP = 3
"""Frames until a backend has settled."""


class Agreement:
    """Gathers how far a graph is from the reference, frame by frame, in little memory.

    Args:
        precision: What the graph's encoders compute in.
        backend: What runs it.
    """

    def __init__(self, precision: Precision, backend: Backend) -> None:
        self.precision = precision
        self.backend = backend
        self.scores: list[float] = []
        self.times: list[float] = []
        self._map_error = self._largest_map = 0.0

    def add(self, given: ModelOutput, expected: ModelOutput, seconds: float) -> None:
        """Take in a frame, and how long it took."""
        difference = np.abs(given.anomaly_map - expected.anomaly_map).max()
        self._map_error = max(self._map_error, float(difference))
        self._largest_map = max(self._largest_map, float(np.abs(expected.anomaly_map).max()))
        self.scores.append(float(given.score[0]))
        self.times.append(seconds)

    def add_unscored(self) -> None:
        """Take in a frame without motion, whose score is 0."""
        self.scores.append(0.0)

    def compare(self, reference: Agreement, labels: NDArray[np.bool_] | None) -> Comparison:
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
