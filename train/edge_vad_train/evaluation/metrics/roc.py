"""The receiver operating characteristic of frames, or of anything else that has a score."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_curve

Labels = NDArray[np.bool_]
Scores = NDArray[np.float64]

_ROUNDING = 1e-12


class EqualError(NamedTuple):
    """Where the false positive rate equals the miss rate.

    Attributes:
        rate: The equal error rate, between two thresholds linearly interpolated.
        threshold: The highest score from which on the false positive rate reaches the miss rate.
    """

    rate: float
    threshold: float


def equal_error(labels: Labels, scores: Scores) -> EqualError:
    """The equal error rate, at FPR = 1 - TPR.

    Args:
        labels: (N,), True for anomalies; both values occur.
        scores: (N,), higher for anomalies.
    """
    false_rate, true_rate, thresholds = roc_curve(labels, scores, drop_intermediate=False)
    surplus = false_rate - (1 - true_rate)  # rises strictly from -1 to 1
    place = int(np.searchsorted(surplus, -_ROUNDING))
    return EqualError(float(np.interp(0.0, surplus, false_rate)), float(thresholds[place]))
