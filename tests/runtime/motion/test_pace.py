"""Which frames are scored, and how much time lies between them."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_vad.frame import Frame
from edge_vad.motion.extractor import MotionExtractor, MotionSettings
from edge_vad.motion.pace import LONGEST_STEP, FrameRateLimiter, Pace, at_pace
from edge_vad.opencv import cv2

PICTURE = np.zeros((4, 4, 3), np.uint8)


def frames(*times_s: float, take: int = 0) -> list[Frame]:
    return [Frame(PICTURE, index, time_s, take) for index, time_s in enumerate(times_s)]


def steps(fps: float, *times_s: float) -> list[float | None]:
    pace = Pace(fps)
    return [pace.steps(frame) for frame in frames(*times_s)]


def test_steps_are_told_by_time_and_not_by_number() -> None:
    assert steps(10.0, 0.0, 0.1, 0.3, 0.7) == [None, 1.0, 2.0, 4.0]
    pace = Pace(10.0)
    assert [pace.steps(Frame(PICTURE, at, 0.1 * at)) for at in (7, 8, 11)] == [None, 1.0, 3.0]


@pytest.mark.parametrize(("fps", "expected"), [(5.0, 2.0), (8.0, 1.25), (10.2, 1.0), (12.0, 5 / 6)])
def test_another_rate_is_counted_in_frame_times_of_the_scene(fps: float, expected: float) -> None:
    assert steps(10.0, 0, 1 / fps)[1] == pytest.approx(expected)


def test_a_hole_has_no_steps_and_neither_has_time_that_goes_back() -> None:
    hole = (LONGEST_STEP + 1) / 10
    assert steps(10.0, 0, hole, hole + 0.1, 0.3, 0.4) == [None, None, 1.0, None, 1.0]
    assert steps(10.0, 0, LONGEST_STEP / 10) == [None, LONGEST_STEP]


def test_the_first_frame_of_a_take_follows_none() -> None:
    pace = Pace(10.0)
    both = [*frames(0.0, 0.1), *(Frame(PICTURE, 2 + at, 0.2 + at / 10, 1) for at in range(2))]
    assert [pace.steps(frame) for frame in both] == [None, 1.0, None, 1.0]


@pytest.mark.parametrize("fps", [5, 10, 11, 15, 24, 25, Fraction(30000, 1001), 30, 50, 60])
def test_footage_of_any_rate_is_thinned_to_the_scenes(fps: Fraction) -> None:
    taken = list(at_pace(frames(*(float(at / fps) for at in range(1200))), 10.0))
    assert len(taken) == pytest.approx(1200 / float(fps) * min(fps, 10), rel=0.01)
    gaps = np.diff([paced.frame.time_s for paced in taken])
    usual = max(0.1, 1 / float(fps))
    assert np.abs(gaps - usual).max() <= 1 / float(fps) + 1e-9  # a frame sooner or later, no more


def test_a_rate_that_is_a_whole_multiple_is_thinned_evenly() -> None:
    taken = list(at_pace(frames(*(at / 30 for at in range(600))), 10.0))
    assert [paced.steps for paced in taken[1:]] == [1.0] * 199


@given(
    gaps=st.lists(st.floats(0.001, 3.0), min_size=1, max_size=60), fps=st.sampled_from([5, 10, 25])
)
def test_no_more_frames_are_taken_than_the_scene_is_used_to(gaps: list[float], fps: int) -> None:
    times_s = np.cumsum(gaps).tolist()
    taken = [paced.frame.time_s for paced in at_pace(frames(*times_s), fps)]
    assert taken[0] == times_s[0]
    assert len(taken) <= (times_s[-1] - times_s[0]) * fps + 2


def test_all_frames_are_taken_where_no_rate_is_wanted() -> None:
    limiter = FrameRateLimiter(None)
    assert all(limiter.takes(at / 1000) for at in range(50))


def test_a_source_is_asked_for_no_more_than_is_looked_at() -> None:
    asked = []

    class Fast:
        def play(self, fps: float) -> list[Frame]:
            asked.append(fps)
            return frames(0.0, 0.1)

    assert [paced.steps for paced in at_pace(Fast(), 10.0)] == [None, 1.0]
    assert asked == [10.0]


def test_what_moved_is_divided_by_the_time(make) -> None:
    picture = cv2.GaussianBlur(make.texture(height=96, width=128), (0, 0), 2.0)
    moved = np.roll(picture, 4, axis=1)
    fields = []
    for between in (1.0, 1.25, 2.0):
        extractor = MotionExtractor(96, 128, MotionSettings(window=1))
        extractor.push(picture)
        fields.append(extractor.push(moved, between).copy())
    np.testing.assert_allclose(fields[1][:2], fields[0][:2] / 1.25, atol=1 / 256)
    # From one and a half frame times on it is searched for with other patches.
    assert np.median(fields[2][0, 10:-10, 15:-15]) == pytest.approx(2.0, abs=0.3)
