"""How much time lies between two frames."""

from __future__ import annotations

import numpy as np
import pytest

from edge_vad.motion import MotionExtractor, MotionSettings
from edge_vad.opencv import cv2
from edge_vad.pace import Pace


def steps(fps: float, source_fps: float | None, *indices: int) -> list[float | None]:
    pace = Pace(fps)
    return [pace.steps(index, source_fps) for index in indices]


def test_a_number_left_out_of_a_recording_is_a_gap() -> None:
    assert steps(10.0, None, 0, 1, 2, 4, 5) == [None, 1.0, 1.0, None, 1.0]


def test_a_frame_that_a_camera_dropped_is_none() -> None:
    assert steps(10.0, 10.0, 0, 1, 3, 7) == [None, 1.0, 2.0, 4.0]


@pytest.mark.parametrize(("source", "expected"), [(5.0, 2.0), (30.0, 1 / 3), (10.9, 1.0)])
def test_a_camera_of_another_rate_is_counted_in_the_scenes_own(
    source: float, expected: float
) -> None:
    assert steps(10.0, source, 0, 1)[1] == pytest.approx(expected)


def test_a_longer_time_without_a_frame_is_a_gap() -> None:
    assert steps(10.0, 10.0, 0, 11, 1012, 1000) == [None, None, None, None]


def test_what_moved_is_divided_by_the_time(make) -> None:
    picture = cv2.GaussianBlur(make.texture(height=96, width=128), (0, 0), 2.0)
    moved = np.roll(picture, 4, axis=1)
    fields = []
    for between in (1.0, 2.0):
        extractor = MotionExtractor(96, 128, MotionSettings(window=1))
        extractor.push(picture)
        fields.append(extractor.push(moved, between).copy())
    np.testing.assert_allclose(fields[1][:2], fields[0][:2] / 2, atol=1 / 256)
    assert np.median(fields[1][0, 10:-10, 15:-15]) == pytest.approx(2.0, abs=0.3)
