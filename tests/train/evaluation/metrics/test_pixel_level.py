"""Anomalies found where they are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import auc

from edge_vad_train.evaluation.metrics.pixel_level import PixelMeter, decisive_threshold

Frame = tuple[NDArray[np.float32], NDArray[np.bool_]]


def random_frames(seed: int, count: int = 8, levels: int = 12) -> list[Frame]:
    dice = np.random.default_rng(seed)
    frames = []
    for index in range(count):
        values = dice.integers(-3, levels, (5, 7)).astype(np.float32)
        mask = np.zeros((5, 7), np.bool_)
        if index % 2:
            top, left = dice.integers(0, 3, 2)
            mask[top : top + 2, left : left + 3] = dice.random((2, 3)) < 0.7
            values += 3 * mask
        frames.append((values, mask))
    return frames


def measured(frames: list[Frame]) -> PixelMeter:
    meter = PixelMeter()
    for values, mask in frames:
        meter.add(values, mask)
    meter.end_clip()
    return meter


def swept(frames: list[Frame]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """False and true positive rates by marking every frame at every threshold."""
    thresholds = np.unique(np.concatenate([values.ravel() for values, _ in frames]))[::-1]
    points = [(0.0, 0.0)]
    for threshold in thresholds:
        found, alarmed = [], []
        for values, mask in frames:
            marked = values >= threshold
            if mask.any():
                found.append(5 * (marked & mask).sum() >= 2 * mask.sum())
            else:
                alarmed.append(marked.any())
        points.append((np.mean(alarmed), np.mean(found)))
    false_rate, true_rate = np.array(points).T
    return false_rate, true_rate


def test_a_normal_frame_is_decided_by_its_highest_pixel() -> None:
    values = np.array([[1, 7], [3, 2]], np.float32)
    assert decisive_threshold(values, np.zeros((2, 2), np.bool_)) == 7


def test_an_anomalous_frame_is_found_when_two_of_five_pixels_are_marked() -> None:
    values = np.array([[9, 1, 2, 3, 4, 5]], np.float32)
    mask = np.array([[False, True, True, True, True, True]])
    assert decisive_threshold(values, mask) == 4


def test_forty_percent_is_rounded_up_to_whole_pixels() -> None:
    values, mask = np.array([[1, 2, 3, 4]], np.float32), np.ones((1, 4), np.bool_)
    assert decisive_threshold(values, mask) == 3  # one of four is too few
    assert decisive_threshold(values[:, :2], mask[:, :2]) == 2


def test_marking_the_wrong_place_finds_nothing() -> None:
    mask = np.array([[True, False]])
    meter = measured(
        [
            (np.array([[0, 9]], np.float32), mask),
            (np.array([[5, 5]], np.float32), np.zeros((1, 2), np.bool_)),
        ]
    )
    assert meter.result().auc == 0


@settings(max_examples=50)
@given(st.integers(0, 10_000))
def test_two_numbers_a_frame_equal_a_sweep_over_all_thresholds(seed: int) -> None:
    frames = random_frames(seed)
    assume(any(mask.any() for _, mask in frames))
    false_rate, true_rate = swept(frames)
    result = measured(frames).result()
    assert result.auc == pytest.approx(auc(false_rate, true_rate))
    surplus = false_rate - (1 - true_rate)
    assert result.eer == pytest.approx(np.interp(0, surplus, false_rate))
    assert (result.frames, result.anomalous) == (8, sum(mask.any() for _, mask in frames))


@settings(max_examples=50)
@given(st.integers(0, 10_000))
def test_precision_is_that_of_all_marked_pixels(seed: int) -> None:
    frames = random_frames(seed)
    assume(any(mask.any() for _, mask in frames))
    result = measured(frames).result()
    # Small whole numbers keep all their digits in the histogram.
    marked = np.concatenate([mask[values >= result.threshold] for values, mask in frames])
    assert result.marked_precision == pytest.approx(marked.mean())


def test_marking_more_than_the_anomaly_costs_precision_and_not_auc() -> None:
    mask = np.zeros((4, 4), np.bool_)
    mask[0, 0] = True
    normal = (np.zeros((4, 4), np.float32), np.zeros((4, 4), np.bool_))
    narrow = measured([(mask.astype(np.float32), mask), normal]).result()
    wide = measured([(np.ones((4, 4), np.float32), mask), normal]).result()
    assert narrow.auc == wide.auc == 1
    assert narrow.marked_precision == 1
    assert wide.marked_precision == pytest.approx(1 / 16)


def test_precision_takes_the_threshold_rounded_by_less_than_a_five_hundredth() -> None:
    mask = np.array([[True, False]])
    empty = np.zeros((1, 2), np.bool_)
    far = measured(
        [(np.array([[1, 0.997]], np.float32), mask), (np.zeros((1, 2), np.float32), empty)]
    )
    assert far.result().marked_precision == 1
    negative = measured(
        [(np.array([[-1, -1.01]], np.float32), mask), (np.full((1, 2), -2, np.float32), empty)]
    )
    assert negative.result().marked_precision == 1
