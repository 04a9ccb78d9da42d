"""Frames of many clips told apart."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_vad_train.evaluation.frame_level import (
    ClipScores,
    bootstrap_interval,
    measure_frames,
    pairs_won,
)
from edge_vad_train.evaluation.roc import area


def clip(labels: str, scores: list[float]) -> ClipScores:
    """`labels` writes an anomalous frame as x and a normal one as a dot."""
    return ClipScores(np.array([letter == "x" for letter in labels]), np.array(scores, np.float64))


def noisy_clips(seed: int, count: int = 6) -> list[ClipScores]:
    dice = np.random.default_rng(seed)
    labels = [dice.random(30) < 0.4 for _ in range(count)]
    return [ClipScores(each, dice.normal(each * 1.5).round(1)) for each in labels]


def test_micro_pools_raw_scores_and_macro_averages_clips() -> None:
    # Each clip is perfect by itself, but the second one's normal frames lie above the first's
    # anomalous ones: of nine pairs, only the four within clips and two across are won.
    result = measure_frames([clip(".x", [0, 1]), clip("..xx", [5, 5, 6, 6])])
    assert result.clip_aucs == (1.0, 1.0)
    assert result.macro_auc == 1.0
    assert result.micro_auc == pytest.approx((1 + 0 + 2 + 4) / 9)


def test_macro_leaves_out_clips_of_one_side_and_says_so() -> None:
    result = measure_frames([clip(".x", [1, 0]), clip("xx", [5, 6]), clip("..", [1, 2])])
    assert result.clip_aucs == (0.0, None, None)
    assert result.macro_auc == 0.0
    assert result.macro_clips == 1


def test_no_clip_with_both_sides_means_no_macro() -> None:
    result = measure_frames([clip("xx", [5, 6]), clip("..", [1, 2])])
    assert result.macro_auc is None
    assert result.micro_auc == 1.0


def test_one_clip_has_no_interval() -> None:
    assert measure_frames([clip(".x", [0, 1])]).micro_interval is None


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000))
def test_pairs_between_clips_add_up_to_the_pooled_auc(seed: int) -> None:
    clips = noisy_clips(seed)
    labels = np.concatenate([each.labels for each in clips])
    scores = np.concatenate([each.scores for each in clips])
    pairs = labels.sum() * (~labels).sum()
    assert pairs_won(clips).sum() / pairs == pytest.approx(area(labels, scores))


def test_the_interval_is_that_of_pooling_drawn_clips_again() -> None:
    clips = noisy_clips(1)
    dice = np.random.default_rng(5)
    drawn = []
    for _ in range(1000):
        chosen = [clips[place] for place in dice.integers(len(clips), size=len(clips))]
        labels = np.concatenate([each.labels for each in chosen])
        drawn.append(area(labels, np.concatenate([each.scores for each in chosen])))
    # Other draws, so the ends agree only about as well as a thousand draws tell them.
    assert bootstrap_interval(clips) == pytest.approx(np.quantile(drawn, [0.025, 0.975]), abs=0.01)


def test_the_interval_holds_the_estimate_and_repeats_with_its_seed() -> None:
    clips = noisy_clips(2)
    result = measure_frames(clips, seed=3)
    assert result.micro_interval is not None
    low, high = result.micro_interval
    assert low < result.micro_auc < high
    assert bootstrap_interval(clips, seed=3) == (low, high)
    assert bootstrap_interval(clips, seed=4) != (low, high)


def test_draws_without_a_pair_are_left_out_of_the_interval() -> None:
    clips = [clip("xx", [5, 6]), clip("..", [1, 2])]
    assert bootstrap_interval(clips) == (1.0, 1.0)
