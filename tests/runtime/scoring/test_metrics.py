"""The ROC area and the rank correlation, against the textbooks' own."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score

from edge_vad.scoring.metrics import rank_correlation, roc_area


@pytest.mark.parametrize("levels", [3, 1000])
def test_rank_correlation_and_area_are_the_textbooks_ties_included(levels: int) -> None:
    random = np.random.default_rng(0)
    one = random.integers(levels, size=300).astype(float)
    other = one + random.integers(levels, size=300)
    labels = random.random(300) < 0.3
    assert rank_correlation(one, other) == pytest.approx(spearmanr(one, other).statistic)
    assert roc_area(labels, other) == pytest.approx(roc_auc_score(labels, other))


def test_scores_that_are_all_alike_have_no_rank_correlation() -> None:
    assert rank_correlation(np.zeros(5), np.arange(5.0)) is None
