"""Frames of many clips told apart."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_vad.scoring.metrics import roc_area
from edge_vad_train.evaluation.metrics.bootstrap import (
    RESAMPLES,
    ClipScores,
    draw_clips,
    drawn_areas,
    drawn_equal_errors,
    drawn_means,
    interval_of,
)
from edge_vad_train.evaluation.metrics.frame_level import measure_frames
from edge_vad_train.evaluation.metrics.roc import equal_error


def clip(labels: str, scores: list[float]) -> ClipScores:
    """`labels` writes an anomalous frame as x and a normal one as a dot."""
    return ClipScores(np.array([letter == "x" for letter in labels]), np.array(scores, np.float64))


def noisy_clips(seed: int, count: int = 6) -> list[ClipScores]:
    dice = np.random.default_rng(seed)
    labels = [dice.random(30) < 0.4 for _ in range(count)]
    return [ClipScores(each, dice.normal(each * 1.5).round(1)) for each in labels]


def bootstrap_interval(clips: list[ClipScores], seed: int = 0) -> tuple[float, float]:
    return interval_of([drawn_areas(clips, draw_clips(len(clips), seed))])


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


def test_no_clip_with_both_sides_means_no_macro() -> None:
    result = measure_frames([clip("xx", [5, 6]), clip("..", [1, 2])])
    assert result.macro_auc is None
    assert result.micro_auc == 1.0


def test_the_interval_is_that_of_pooling_drawn_clips_again() -> None:
    clips = noisy_clips(1)
    dice = np.random.default_rng(5)
    drawn = []
    for _ in range(1000):
        chosen = [clips[place] for place in dice.integers(len(clips), size=len(clips))]
        labels = np.concatenate([each.labels for each in chosen])
        drawn.append(roc_area(labels, np.concatenate([each.scores for each in chosen])))
    # Other draws, so the ends agree only about as well as a thousand draws tell them.
    assert bootstrap_interval(clips) == pytest.approx(np.quantile(drawn, [0.025, 0.975]), abs=0.01)


def test_the_interval_holds_the_estimate_and_repeats_with_its_seed() -> None:
    clips = noisy_clips(2)
    low, high = bootstrap_interval(clips, seed=3)
    assert low < measure_frames(clips).micro_auc < high
    assert bootstrap_interval(clips, seed=3) == (low, high)
    assert bootstrap_interval(clips, seed=4) != (low, high)


def test_draws_without_a_pair_are_left_out_of_the_interval() -> None:
    clips = [clip("xx", [5, 6]), clip("..", [1, 2])]
    assert bootstrap_interval(clips) == (1.0, 1.0)


def test_every_draw_equals_measuring_the_drawn_clips_again() -> None:
    clips = noisy_clips(3)
    clips[0] = clip("x" * 30, list(clips[0].scores))
    times = draw_clips(len(clips))
    assert times.shape == (RESAMPLES, len(clips))
    figures = [draw(clips, times) for draw in (drawn_areas, drawn_means, drawn_equal_errors)]
    for place in range(0, RESAMPLES, 50):
        chosen = [one for one, count in zip(clips, times[place], strict=True) for _ in range(count)]
        again = measure_frames(chosen)
        expected = again.micro_auc, again.macro_auc, again.eer
        assert [drawn[place] for drawn in figures] == pytest.approx(expected)


@settings(max_examples=50)
@given(st.integers(0, 10_000))
def test_the_equal_error_of_one_draw_of_each_is_the_plain_one(seed: int) -> None:
    clips = noisy_clips(seed)
    labels = np.concatenate([each.labels for each in clips])
    scores = np.concatenate([each.scores for each in clips])
    once = np.ones((1, len(clips)), np.int64)
    assert drawn_equal_errors(clips, once)[0] == pytest.approx(equal_error(labels, scores).rate)


def test_a_draw_without_both_kinds_of_frames_has_no_figure() -> None:
    clips = [clip("xx", [5, 6]), clip("..", [1, 2])]
    for draw in (drawn_areas, drawn_means, drawn_equal_errors):
        assert np.isnan(draw(clips, np.array([[2, 0], [0, 2]]))).all()


def test_the_interval_over_seeds_is_that_of_their_mean() -> None:
    low, high = interval_of([np.linspace(0, 1, 101), np.linspace(1, 2, 101)])
    assert (low, high) == pytest.approx((0.525, 1.475))
