"""Calibration: energies made comparable, and how often normal footage climbs how high."""

from __future__ import annotations

import math
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import genpareto

from edge_vad.false_alarms import QUIET_S, NormalTail
from edge_vad_train.calibration import calibrate, energy_maps, fit_tail
from edge_vad_train.checkpoint import load_trained
from edge_vad_train.footage import Stretch

scores_of_a_stretch = arrays(
    np.float32, st.integers(1, 60), elements=st.floats(-1e3, 1e3, width=32)
)


def simulated(peaks: int, shape: float, scale: float) -> np.ndarray:
    """Of every 15 frames 5 are a peak; its excess over 10 is a generalised Pareto variable.

    So three of 15 sustain it, which is a fifth.
    """
    rng = np.random.default_rng(0)
    scores = 10 - 1e-3 * rng.random((peaks, 15))
    scores[:, 2:7] = 10 + genpareto.rvs(shape, scale=scale, size=(peaks, 1), random_state=rng)
    return scores.ravel().astype(np.float32)


@pytest.mark.parametrize("shape", [0.0, 0.2, 0.4])
@pytest.mark.parametrize("scale", [0.5, 4.0])
def test_the_tail_that_was_simulated_is_found(shape: float, scale: float) -> None:
    scores, fps = simulated(4000, shape, scale), 10 / QUIET_S
    tail = fit_tail([scores], fps)
    assert tail.frames == 60_000
    assert tail.hours == pytest.approx(60_000 / fps / 3600)
    assert tail.alarms_per_hour == pytest.approx(4000 / tail.hours)
    assert tail.start == pytest.approx(10, abs=0.01)
    assert tail.shape == pytest.approx(shape, abs=0.06)
    assert tail.scale == pytest.approx(scale, rel=0.08)
    for alarms in (40, 400):
        threshold = tail.threshold(alarms / tail.hours)
        assert (scores > threshold).sum() / 5 == pytest.approx(alarms, rel=0.25)


def test_of_few_peaks_the_mean_is_told_and_how_much_is_open_about_it() -> None:
    scores = simulated(12, 0.3, 2.0)
    tail = fit_tail([scores], 10 / QUIET_S)
    excesses = (scores[scores > 10] - tail.start)[::5]
    assert tail.shape == pytest.approx(1 / 13)
    assert tail.scale == pytest.approx(float(excesses.sum() + 1) / 13)


def test_two_small_peaks_in_seconds_of_footage_do_not_make_a_narrow_tail() -> None:
    scores = np.linspace(-1, 0, 80, dtype=np.float32)
    scores[20:30], scores[50:60] = 0.05, 0.1
    tail = fit_tail([scores], fps=10 / QUIET_S)
    assert tail.scale > 1 / 3
    assert tail.threshold(1.0) > 5


def test_the_rate_told_from_few_peaks_is_kept_on_the_mean_of_many_footages() -> None:
    random, told, kept = np.random.default_rng(8), 0.01, []
    for _ in range(4000):
        peaks = random.exponential(2.0, 6)
        tail = NormalTail(1.0, 100, 0.0, 6.0, float(peaks.mean()), 1 / 6)
        kept.append(math.exp(-tail.threshold(6.0 * told) / 2.0))
    assert np.mean(kept) == pytest.approx(told, rel=0.2)


@given(st.lists(scores_of_a_stretch, min_size=1, max_size=4), st.floats(1, 60))
def test_every_footage_has_a_valid_tail_and_rarer_alarms_a_higher_threshold(
    scores: list[np.ndarray], fps: float
) -> None:
    tail = fit_tail(scores, fps)
    assert msgspec.json.decode(msgspec.json.encode(tail), type=NormalTail) == tail
    thresholds = [tail.threshold(rate) for rate in (60.0, 1.0, 1 / 24, 1 / 168)]
    assert np.isfinite(thresholds).all()
    assert sorted(thresholds) == thresholds
    assert tail.rate(tail.threshold(1.0)) == pytest.approx(1.0, rel=1e-3)


@pytest.mark.parametrize(
    ("peaks", "alarms"),
    [
        ([*range(50, 72)], 1),
        ([*range(40, 52), *range(59, 71)], 1),
        ([*range(40, 52), *range(60, 72)], 2),
        ([*range(2, 12), *range(50, 57), *range(91, 98)], 3),
        ([*range(40, 62), 20, 80, 81], 1),
    ],
)
def test_frames_within_the_quiet_time_are_one_alarm(peaks: list[int], alarms: int) -> None:
    scores = np.linspace(0, 1e-3, 100, dtype=np.float32)
    scores[peaks] = 5 + np.arange(len(peaks))
    tail = fit_tail([scores], fps=10 / QUIET_S)
    assert tail.alarms_per_hour * tail.hours == pytest.approx(alarms)


def test_alarms_of_two_stretches_are_never_one() -> None:
    scores = np.linspace(0, 1e-3, 100, dtype=np.float32)
    first, second = scores.copy(), scores.copy()
    first[-22:] = 5
    second[2:24] = 6
    tail = fit_tail([first, second], fps=10 / QUIET_S)
    assert tail.alarms_per_hour * tail.hours == pytest.approx(2)
    assert 3 * tail.scale == pytest.approx(5 + 6 + 1 - 2 * tail.start)


def with_highest(highest: np.ndarray) -> torch.Tensor:
    """Energies whose highest in every frame are these, in a corner."""
    energy = torch.full((len(highest), 4, 5), -1e5)
    energy[:, 0, 0] = torch.from_numpy(highest)
    return energy


@given(arrays(np.float32, st.integers(1, 50), elements=st.floats(-1e4, 1e4, width=32)))
def test_the_median_calibrates_to_naught_and_the_scale_is_never(highest: np.ndarray) -> None:
    calibration = calibrate(with_highest(highest))
    assert calibration.weight == 1
    assert calibration.location == pytest.approx(float(np.median(highest)), rel=1e-5, abs=1e-3)
    assert calibration.scale > 0


def test_the_95th_percentile_calibrates_to_one() -> None:
    highest = np.random.default_rng(0).normal(100, 50, 1000).astype(np.float32)
    calibration = calibrate(with_highest(highest))
    high = float(np.percentile(highest, 95))
    assert (high - calibration.location) / calibration.scale == pytest.approx(1.0, rel=1e-4)


def test_the_ground_is_as_high_as_the_middle_cell_ever_was() -> None:
    energy = torch.zeros(3, 4, 5)
    energy[1] = 7
    energy[2, 0, 0] = 9
    assert calibrate(energy).ground == 7


def test_a_stretch_is_scored_batch_by_batch_as_at_once(trained: Path) -> None:
    scene = load_trained(trained)
    frames = scene.sample_frames.repeat(5, 1, 1, 1)
    motion = scene.sample_motion.repeat(5, 1, 1, 1)
    told: list[int] = []
    stretch = Stretch("a", frames.numpy(), motion.half().numpy())
    energies = scene.network.energies
    batches = list(energy_maps([energies], stretch, told.append))
    assert len(batches) > 1
    assert sum(told) == len(frames)
    with torch.inference_mode():
        images = energies.images(frames, motion.half().float())
        glance = energies.appearance.glance(frames)
        presences = energies.presences(images.look, glance, images.move)
        at_once = (*energies(*images), *presences)
    in_parts = zip(*((*maps, *presences) for [maps], presences in batches), strict=True)
    for parts, whole in zip(in_parts, at_once, strict=True):
        torch.testing.assert_close(torch.cat(parts), whole, rtol=1e-4, atol=1e-3)
