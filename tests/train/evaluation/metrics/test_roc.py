"""Curves and their equal error rate."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from edge_vad.scoring.metrics import roc_area
from edge_vad_train.evaluation.metrics.roc import Labels, Scores, equal_error

labelled_scores = st.lists(st.tuples(st.booleans(), st.integers(-20, 20)), min_size=2, max_size=40)


def both_sides(pairs: list[tuple[bool, int]]) -> tuple[Labels, Scores]:
    labels = np.array([label for label, _ in pairs])
    assume(labels.any() and not labels.all())
    return labels, np.array([score for _, score in pairs], np.float64)


def test_area_counts_the_pairs_that_anomalies_win() -> None:
    labels = np.array([False, False, True, True])
    # 0.8 wins against both, 0.4 wins against 0.1 and loses against 0.5: three pairs of four.
    assert roc_area(labels, np.array([0.1, 0.5, 0.4, 0.8])) == 0.75


def test_a_tie_counts_half() -> None:
    assert roc_area(np.array([False, True]), np.array([1.0, 1.0])) == 0.5


def test_equal_error_of_perfect_scores_is_zero() -> None:
    error = equal_error(np.array([False, False, True]), np.array([0.0, 1.0, 2.0]))
    assert error == (0.0, 2.0)


def test_equal_error_by_hand() -> None:
    labels = np.array([False, False, False, False, True, True, True, True])
    scores = np.array([1, 2, 3, 6, 4, 5, 7, 8], np.float64)
    # From 5 on: one of four normal frames is above, one of four anomalous ones is missed.
    assert equal_error(labels, scores) == (0.25, 5.0)


def test_equal_error_is_interpolated_between_thresholds() -> None:
    # Points (0, 0), (1/2, 0), (1/2, 1): the vertical stretch meets FPR = 1 - TPR at 1/2.
    labels, scores = np.array([False, True, False]), np.array([3.0, 2.0, 1.0])
    assert equal_error(labels, scores).rate == pytest.approx(0.5)
    # One tie of everything: the straight line from (0, 0) to (1, 1) meets it in the middle.
    assert equal_error(labels, np.zeros(3)).rate == pytest.approx(0.5)


@settings(max_examples=50)
@given(labelled_scores)
def test_area_is_the_one_of_scikit_learn(pairs: list[tuple[bool, int]]) -> None:
    labels, scores = both_sides(pairs)
    assert roc_area(labels, scores) == pytest.approx(roc_auc_score(labels, scores))


@settings(max_examples=50)
@given(labelled_scores)
def test_only_the_order_of_scores_counts(pairs: list[tuple[bool, int]]) -> None:
    labels, scores = both_sides(pairs)
    bent = np.exp(scores / 7) * 3 - 100
    assert roc_area(labels, bent) == pytest.approx(roc_area(labels, scores))
    assert equal_error(labels, bent).rate == pytest.approx(equal_error(labels, scores).rate)


@settings(max_examples=50)
@given(labelled_scores)
def test_at_the_equal_error_threshold_false_alarms_have_just_caught_up(
    pairs: list[tuple[bool, int]],
) -> None:
    labels, scores = both_sides(pairs)
    threshold = equal_error(labels, scores).threshold

    def surplus(marked: Labels) -> float:
        return float(marked[~labels].mean() - (~marked[labels]).mean())

    assert surplus(scores >= threshold) >= -1e-9
    assert surplus(scores > threshold) < 1e-9
