"""Calibration: energies made comparable, and how often normal footage climbs how high."""

from __future__ import annotations

import math
from collections.abc import Collection
from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import genpareto

from edge_vad.alarms.alarm import QUIET_S
from edge_vad.false_alarms import TAIL_SHARE, NormalTail
from edge_vad.scene_model import Calibration
from edge_vad_train.checkpoint import load_trained
from edge_vad_train.data.footage import Footage, FrameSettings, FrameSize, Segment
from edge_vad_train.fitting.calibration import (
    FrameEnergies,
    calibrate,
    fit_tail,
    fused_scores,
    measure_energies,
    shares_by_gap,
)
from edge_vad_train.model.fusion import highest_cells
from edge_vad_train.model.stream_inputs import StreamInputs
from edge_vad_train.settings import TrainSettings

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


def test_footage_whose_frames_come_irregularly_has_the_hours_that_it_lasts() -> None:
    scores, fps = simulated(400, 0.0, 1.0), 10 / QUIET_S
    steady, irregular = fit_tail([scores], fps), fit_tail([scores], fps, fps / 2)
    assert irregular.hours == pytest.approx(2 * steady.hours)
    assert irregular.alarms_per_hour == pytest.approx(steady.alarms_per_hour / 2)


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


STARTS, SCALES = {"a": 3.0, "b": -40.0, "c": 100.0}, {"a": 0.5, "b": 9.0, "c": 2.0}


def energies_of(highest: dict[str, np.ndarray]) -> FrameEnergies:
    """In one light."""
    return FrameEnergies(highest, np.zeros(len(next(iter(highest.values()))), np.intp))


def ordinary(frames: int, seed: int) -> FrameEnergies:
    """Three energies that have nothing to do with one another, exponential above."""
    rng = np.random.default_rng(seed)
    return energies_of(
        {
            name: (STARTS[name] + SCALES[name] * rng.exponential(size=frames)).astype(np.float32)
            for name in STARTS
        }
    )


def test_the_rate_of_the_fused_is_the_sum_of_the_shares_at_every_threshold() -> None:
    calibrations = calibrate([ordinary(40_000, 0)], {"a": 0.7, "b": 0.3})
    fused = fused_scores(ordinary(400_000, 1), calibrations)
    for threshold in (0.5, 2.0, 4.0):
        promised = TAIL_SHARE * math.exp(-threshold)
        assert (fused > threshold).mean() == pytest.approx(promised, rel=0.15)


@pytest.mark.parametrize("share", [0.1, 0.7, 1.0])
def test_an_energy_raises_its_share_of_the_false_alarms(share: float) -> None:
    calibration = calibrate([ordinary(40_000, 0)], {"b": share})["b"]
    levels = ordinary(400_000, 1).highest["b"]
    promised = share * TAIL_SHARE * math.exp(-2)
    above = (levels - calibration.locations[0]) / calibration.scales[0] > 2
    assert above.mean() == pytest.approx(promised, rel=0.15)


@given(st.dictionaries(st.sampled_from("abcd"), st.floats(-50, 50), min_size=1))
def test_shares_add_up_to_one_and_the_wider_the_gap_the_smaller_the_share(
    gaps: dict[str, float],
) -> None:
    shares = shares_by_gap(gaps)
    assert sum(shares.values()) == pytest.approx(1.0)
    assert all(share > 0.001 for share in shares.values())  # none is silenced for good
    ordered = sorted(gaps, key=gaps.__getitem__)
    assert all(shares[one] >= shares[other] for one, other in pairwise(ordered))


def test_a_gap_of_a_nat_makes_a_share_e_fold_smaller() -> None:
    shares = shares_by_gap({"a": 0.25, "b": 1.25})
    assert shares["a"] / shares["b"] == pytest.approx(math.e)


def test_an_energy_without_a_share_has_no_part_in_the_score() -> None:
    levels = ordinary(1000, 0)
    calibrations = calibrate([levels], {"a": 1.0})
    assert {name: each.weight for name, each in calibrations.items()} == {"a": 1}
    calibration = calibrations["a"]
    alone = (levels.highest["a"] - calibration.locations[0]) / calibration.scales[0]
    np.testing.assert_allclose(fused_scores(levels, calibrations), alone, rtol=1e-5)


@given(
    st.lists(
        arrays(np.float32, st.integers(1, 50), elements=st.floats(-1e4, 1e4, width=32)).map(
            lambda each: energies_of({"a": each, "b": -each})
        ),
        min_size=1,
        max_size=3,
    )
)
def test_every_footage_has_a_valid_calibration(levels: list[FrameEnergies]) -> None:
    for each in calibrate(levels, {"a": 0.6, "b": 0.4}).values():
        assert msgspec.json.decode(msgspec.json.encode(each), type=Calibration) == each
        assert math.isfinite(each.locations[0])


def test_whole_footage_is_scored_by_what_was_not_fitted_to_it(trained: Path) -> None:
    """In batches as at once; the first frame of a row has no motion and no score."""
    scene = load_trained(trained)
    frames = scene.sample_frames.repeat(5, 1, 1, 1)
    motion = scene.sample_motion.repeat(5, 1, 1, 1).half()
    kept = (
        Segment(frames.numpy(), motion.numpy(), fold=2),
        Segment(frames.numpy(), motion.numpy(), fold=0, has_motion=True),
        Segment(frames.numpy(), motion.numpy(), fold=1),
    )
    settings = FrameSettings(FrameSize(scene.card.height, scene.card.width), 10.0, 999)
    whole = Footage(settings, ("a",), 0, (), 3 * len(frames), 10.0, True, kept)
    ours = scene.network.energies
    folds = [Raised(ours, number) for number in range(4)]
    told: list[int] = []
    first, second = measure_energies(
        [], whole, folds, TrainSettings(), list(ours.energies), told.append
    )
    assert sum(told) == whole.frames
    with torch.inference_mode():
        maps = ours(frames, motion.float())
    for name, energy in maps.items():
        level = highest_cells(energy, TrainSettings().score_cells).numpy()
        expected = np.concatenate([level[1:] + 2, level])
        np.testing.assert_allclose(first.highest[name], expected, rtol=1e-4, atol=1e-3)
        np.testing.assert_allclose(second.highest[name], level[1:] + 1, rtol=1e-4, atol=1e-3)


class Raised(torch.nn.Module):
    """Energies that tell which fold they are of."""

    def __init__(self, energies: torch.nn.Module, by: float) -> None:
        super().__init__()
        self._energies, self._by = energies, by
        self.inputs_of = energies.inputs_of

    def of(self, inputs: StreamInputs, names: Collection[str]) -> dict[str, torch.Tensor]:
        return {name: each + self._by for name, each in self._energies.of(inputs, names).items()}


def test_the_levels_of_a_frame_fuse_to_the_networks_score(trained: Path) -> None:
    scene = load_trained(trained)
    with torch.inference_mode():
        _, score, *energies = scene.network(scene.sample_frames, scene.sample_motion)
    names = scene.network.energies.energies
    counting = {name: each for name, each in scene.card.energies.items() if each.weight}
    levels = {
        name: highest_cells(each, scene.design.score_cells).numpy()
        for name, each in zip(names, energies, strict=True)
        if name in counting
    }
    fused = fused_scores(energies_of(levels), counting)
    np.testing.assert_allclose(fused, score, rtol=1e-4, atol=1e-4)


def test_each_light_has_a_calibration_of_its_own_and_one_of_few_frames_that_of_all() -> None:
    day, night = ordinary(5000, 0), ordinary(5000, 1)
    rare = ordinary(50, 2)
    highest = {"a": np.concatenate([day.highest["a"], 3 * night.highest["a"], rare.highest["a"]])}
    light = np.repeat([0, 1, 2], [5000, 5000, 50])
    calibration = calibrate([FrameEnergies(highest, light)], {"a": 1.0}, 3)["a"]
    assert calibration.scales[1] == pytest.approx(3 * calibration.scales[0], rel=0.1)
    everything = calibrate([energies_of(highest)], {"a": 1.0})["a"]
    assert calibration.scales[2] == everything.scales[0]
    fused = fused_scores(FrameEnergies(highest, light), {"a": calibration})
    for each in (0, 1):
        assert (fused[light == each] > 1).mean() == pytest.approx(TAIL_SHARE / math.e, rel=0.15)
