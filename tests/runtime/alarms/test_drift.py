"""The normal tail follows slow changes, and nothing else."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import genpareto

from edge_vad.alarms.alarm import ALARM_FRAMES
from edge_vad.alarms.drift import (
    BOUND_SCALES,
    GUARD_S,
    SCALE_BOUND,
    STEP_SCALES,
    DriftState,
    NormalDrift,
    truncated_mean,
)
from edge_vad.alarms.persistence import persistent_scores
from edge_vad.errors import WrongUse
from edge_vad.false_alarms import TAIL_SHARE, NormalTail

pytest.importorskip("torch", reason="the tail is fitted by training, which needs PyTorch")
from edge_vad_train.fitting.calibration import fit_tail

FPS, RATE = 10.0, 1.0
GUARD = round(GUARD_S * FPS)


def normal_scores(seed: int, hours: float) -> np.ndarray:
    """Scores with the memory of footage: moving averages of exponential noise."""
    noise = np.random.default_rng(seed).exponential(size=round(hours * 3600 * FPS) + 20)
    return np.convolve(noise, np.hanning(21)[:-1] / 5, mode="valid")


@pytest.fixture(scope="module")
def tail() -> NormalTail:
    return fit_tail([normal_scores(0, 10.0).astype(np.float32)], FPS)


def watched(drift: NormalDrift, scores: np.ndarray) -> list:
    records = (drift.update(float(score), index / FPS) for index, score in enumerate(scores))
    return [record for record in records if record]


def test_a_trained_tail_starts_where_the_stated_share_of_frames_pass(tail):
    assert np.mean(persistent_scores(normal_scores(0, 10.0)) >= tail.start) == pytest.approx(
        TAIL_SHARE, abs=1e-3
    )


def test_stationary_scores_move_the_threshold_by_less_than_a_scale(tail):
    drift = NormalDrift(tail, RATE, FPS)
    moves = []
    for hour in range(8):
        watched(drift, normal_scores(hour + 1, 1.0))
        moves.append((drift.threshold - tail.threshold(RATE)) / tail.scale)
    assert np.abs(moves).max() < 1.0
    assert abs(np.mean(moves)) < 0.5


@pytest.mark.parametrize("shift", [-2.0, -1.0, 1.0, 2.0])
def test_a_constant_shift_within_the_bound_is_followed(tail, shift):
    drift = NormalDrift(tail, RATE, FPS)
    watched(drift, normal_scores(1, 6.0) + shift * tail.scale)
    assert (drift.tail.start - tail.start) / tail.scale == pytest.approx(shift, abs=0.4)


def test_a_shift_beyond_the_bound_is_followed_up_to_it_and_said(tail):
    drift = NormalDrift(tail, RATE, FPS)
    rising = normal_scores(1, 8.0)
    rising += np.linspace(0, 2 * BOUND_SCALES * tail.scale, len(rising))
    records = watched(drift, rising)
    moved = drift.threshold - tail.threshold(RATE)
    assert moved == pytest.approx(BOUND_SCALES * tail.scale)
    assert records[-1].at_bound
    assert not records[0].at_bound


def test_a_wider_tail_is_followed(tail):
    drift = NormalDrift(tail, RATE, FPS)
    scores = normal_scores(1, 8.0)
    watched(drift, tail.start + 1.3 * (scores - tail.start))
    assert drift.tail.scale / tail.scale == pytest.approx(1.3, abs=0.15)


@settings(max_examples=20)
@given(st.integers(1, 400), st.floats(0, 1e6))
def test_anomalies_alone_change_nothing(frames, above):
    tail = NormalTail(1.0, 36000, 1.0, 100.0, 1.0, 0.0)
    drift = NormalDrift(tail, RATE, FPS)
    score = drift.threshold + above
    assert watched(drift, np.full(frames, score)) == []
    assert drift.tail == tail
    assert drift.threshold == tail.threshold(RATE)


def test_an_alarm_that_goes_on_with_single_frames_teaches_nothing():
    tail = NormalTail(1.0, 36000, 1.0, 100.0, 1.0, 0.0)
    drift = NormalDrift(tail, RATE, FPS)
    scores = np.zeros(round(3600 * FPS))
    scores[:ALARM_FRAMES] = scores[::9] = 50.0
    watched(drift, scores)
    assert drift.tail == tail


@settings(max_examples=40)
@given(st.integers(GUARD + 1, 3 * GUARD), st.integers(0, 10**6))
def test_the_seconds_around_an_anomaly_do_not_count(anomaly, seed):
    tail = NormalTail(1.0, 36000, 1.0, 100.0, 1.0, 0.0)
    scores = np.random.default_rng(seed).uniform(0, 3, 5 * GUARD)
    disturbed = scores.copy()
    # Whatever stands within the guard, as long as it is below the threshold, makes no difference.
    disturbed[anomaly - GUARD : anomaly + GUARD + 1] = np.random.default_rng(seed + 1).uniform(
        0, 3, 2 * GUARD + 1
    )
    for each in (scores, disturbed):
        each[anomaly : anomaly + ALARM_FRAMES] = 100.0
    states = []
    for each in (scores, disturbed):
        drift = NormalDrift(tail, RATE, FPS)
        watched(drift, each)
        states.append(drift.state)
    assert states[0] == states[1]


@settings(max_examples=40)
@given(
    st.lists(
        st.one_of(st.floats(), st.floats(-1e308, 2.0), st.floats(0, 4)), min_size=1, max_size=400
    ),
    st.floats(0, 0.5),
)
def test_hostile_scores_leave_it_finite_and_within_its_bounds(scores, shape):
    tail = NormalTail(1.0, 36000, 1.0, 100.0, 0.5, shape)
    drift = NormalDrift(tail, RATE, 2.0, hours=0.001)
    for score in scores:
        drift.update(score, 0.0)
        moved = drift.threshold - tail.threshold(RATE)
        assert math.isfinite(moved)
        assert abs(moved) <= BOUND_SCALES * tail.scale * (1 + 1e-9)
        assert 1 / SCALE_BOUND <= drift.tail.scale / tail.scale <= SCALE_BOUND


def test_reset_goes_back_exactly(tail):
    drift, fresh = NormalDrift(tail, RATE, FPS), NormalDrift(tail, RATE, FPS)
    scores = normal_scores(3, 0.5)
    watched(drift, scores + tail.scale)
    assert drift.threshold != fresh.threshold
    drift.reset()
    assert (drift.tail, drift.threshold) == (tail, tail.threshold(RATE))
    watched(drift, scores)
    watched(fresh, scores)
    assert (drift.state, drift.threshold) == (fresh.state, fresh.threshold)


def test_what_was_learnt_goes_to_json_and_back(tail):
    drift, later = NormalDrift(tail, RATE, FPS), NormalDrift(tail, RATE, FPS)
    watched(drift, normal_scores(3, 1.0) + tail.scale)
    later.resume(msgspec.json.decode(msgspec.json.encode(drift.state), type=DriftState))
    assert (later.tail, later.threshold) == (drift.tail, drift.threshold)


def test_what_another_scene_has_learnt_is_refused(tail):
    other = msgspec.structs.replace(tail, start=tail.start + 1)
    with pytest.raises(WrongUse, match="another scene"):
        NormalDrift(tail, RATE, FPS).resume(DriftState(other, 0.0, 1.0))


def test_a_resumed_state_stays_within_the_bounds(tail):
    drift = NormalDrift(tail, RATE, FPS)
    drift.resume(DriftState(tail, 1e300, 1e300))
    assert drift.threshold == pytest.approx(tail.threshold(RATE) + BOUND_SCALES * tail.scale)


def test_every_step_is_recorded_once(tail):
    drift = NormalDrift(tail, RATE, FPS)
    records = watched(drift, normal_scores(1, 3.0) + tail.scale)
    thresholds = [tail.threshold(RATE), *(record.threshold for record in records)]
    steps = np.abs(np.diff(thresholds)) / tail.scale
    assert 5 < len(steps) < 200
    assert steps.min() >= STEP_SCALES
    assert steps.max() < 2 * STEP_SCALES


def test_a_threshold_amid_the_normal_scores_is_refused(tail):
    with pytest.raises(WrongUse, match="accept fewer than"):
        NormalDrift(tail, tail.alarms_per_hour, FPS)


@given(st.floats(0.1, 50), st.one_of(st.just(0.0), st.floats(0.01, 0.9)))
def test_the_truncated_mean_is_that_of_the_distribution(reach, shape):
    survival = genpareto(shape).sf
    area, _ = quad(survival, 0, reach)
    expected = (area - reach * survival(reach)) / (1 - survival(reach))
    assert truncated_mean(reach, shape) == pytest.approx(expected, rel=1e-4)
