"""How well scores tell anomalies from what is normal, and how well two scores agree."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def roc_area(labels: NDArray[np.bool_], scores: NDArray[np.float64]) -> float:
    """Area under the ROC curve: how often an anomaly scores above something normal.

    From the ranks (Mann and Whitney); ties count half.

    Args:
        labels: (N,), True for anomalies; both values occur.
        scores: (N,), higher for anomalies.

    Example:
        >>> roc_area(np.array([False, True, True]), np.array([1.0, 1.0, 2.0]))
        0.75
    """
    anomalies = int(labels.sum())
    least = anomalies * (anomalies + 1) / 2
    return float((_ranks(scores)[labels].sum() - least) / (anomalies * (len(labels) - anomalies)))


def rank_correlation(one: NDArray[np.float64], other: NDArray[np.float64]) -> float | None:
    """Spearman's rank correlation, ties sharing their mean rank; None where all are alike.

    Example:
        >>> rank_correlation(np.array([1.0, 2.0, 9.0]), np.array([0.1, 0.2, 0.3]))
        1.0
    """
    ranks = [_ranks(each) for each in (one, other)]
    if any(np.ptp(each) == 0 for each in ranks):
        return None
    return round(float(np.corrcoef(ranks)[0, 1]), 12)


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ranks from 1 on; equal values share the mean of theirs."""
    _, group, sizes = np.unique(values, return_inverse=True, return_counts=True)
    means: NDArray[np.float64] = np.cumsum(sizes) - (sizes - 1) / 2
    return means[group]
