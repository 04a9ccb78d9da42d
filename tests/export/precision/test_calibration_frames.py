"""Frames for calibration are chosen for variety, from all over the footage."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from edge_vad.backends import ModelInput
from edge_vad_export.precision.calibration_frames import choose_varied
from edge_vad_export.verification.samples import PreparedSample


def footage(speeds: list[float]) -> Iterator[PreparedSample]:
    """Frames alike in all but how fast everything moves; the arrays are reused, as a detector's."""
    inputs = ModelInput(np.full((1, 48, 64, 3), 90, np.uint8), np.zeros((1, 2, 24, 32), np.float32))
    for index, speed in enumerate(speeds):
        inputs.motion[:] = speed
        yield PreparedSample(inputs, has_motion=index > 0)


def chosen(speeds: list[float], count: int) -> list[float]:
    return [float(each.motion[0, 0, 0, 0]) for each in choose_varied(footage(speeds), count)]


def test_quiet_hours_add_one_frame_and_the_rare_rush_is_kept() -> None:
    speeds = [0.0] * 500 + [3.0] + [0.0] * 500 + [7.0, 7.0]
    assert chosen(speeds, 10) == [0.0, 3.0, 7.0]


def test_no_more_than_asked_for_are_chosen_and_they_reach_from_end_to_end() -> None:
    speeds = list(np.linspace(0, 10, 2000))
    few = chosen(speeds, 50)
    assert 25 <= len(few) <= 50
    assert few[0] < 0.3
    assert few[-1] > 9.7
    assert np.diff(few).max() < 0.5


def test_frames_without_motion_are_passed_over() -> None:
    assert chosen([5.0], 10) == []
    assert chosen([5.0, 1.0], 10) == [1.0]
