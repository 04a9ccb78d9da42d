from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_vad.detection import Box, Event
from edge_vad.opencv import cv2
from edge_vad.outputs.axes import Scale, clock_step, round_step
from edge_vad.outputs.drawing import clock
from edge_vad.outputs.timeline import HEIGHT, WIDTH, Timeline, draw_timeline, write_timeline


def timeline(scores, *, fps=10.0, threshold=2.0, events=()):
    scores = np.asarray(scores, np.float64)
    return Timeline("street", "a subtitle", np.arange(len(scores)) / fps, scores, threshold, events)


def event(number, start_s, end_s):
    return Event(number, 0, 1, start_s, end_s, 0, 3.0, Box(0, 0, 1, 1))


def shows(image, blue, green, red):
    return (np.abs(image.astype(int) - (blue, green, red)).max(axis=-1) < 12).sum() > 500


def test_it_shows_the_score_the_threshold_and_the_alarms():
    plain = draw_timeline(timeline(np.ones(50)))
    alarmed = draw_timeline(timeline(np.ones(50), events=[event(1, 1.0, 2.0)]))
    assert plain.shape == (HEIGHT, WIDTH, 3)
    assert shows(plain, 168, 98, 38)
    assert shows(plain, 56, 56, 215)
    assert not shows(plain, 222, 222, 255)
    assert shows(alarmed, 222, 222, 255)


def test_a_single_high_frame_among_a_million_is_seen():
    scores = np.zeros(1_000_000)
    low = draw_timeline(timeline(scores))
    scores[123_456] = 2.6
    assert (draw_timeline(timeline(scores)) != low).any()


@pytest.mark.parametrize(
    "scores", [[0.0], [1e9, 0.0], [-5.0, -4.0], [float("inf"), 0.0], [0.0, 1e-12]]
)
@pytest.mark.parametrize("threshold", [2.0, 0.0, -1.0, 1e6])
def test_odd_scores_and_thresholds_are_drawn(scores, threshold):
    drawn = draw_timeline(timeline(scores, threshold=threshold))
    assert drawn.shape == (HEIGHT, WIDTH, 3)
    assert drawn.std() > 0


def test_the_file_is_a_picture(tmp_path):
    write_timeline(tmp_path / "timeline.png", timeline(np.sin(np.arange(200) / 9) + 1))
    assert cv2.imread(str(tmp_path / "timeline.png")).shape == (HEIGHT, WIDTH, 3)


@given(st.floats(1e-6, 1e9), st.integers(2, 20))
def test_round_steps_give_enough_ticks_and_not_too_many(span, most):
    step = round_step(span, most)
    assert span / step <= most * (1 + 1e-9)
    assert span / step > most / 2.5 * (1 - 1e-9)


@given(st.floats(0.1, 1e7), st.integers(4, 20))
def test_clock_steps_never_crowd_the_axis(span, most):
    ticks = Scale(0.0, span, 0.0, 1000.0).ticks(clock_step(span, most))
    assert 1 <= len(ticks) <= most + 1


@pytest.mark.parametrize(
    ("time_s", "decimals", "text"),
    [
        (0, 0, "0:00"),
        (61.99, 0, "1:01"),
        (3600, 0, "1:00:00"),
        (59.96, 1, "0:59.9"),
        (0.3, 1, "0:00.3"),
    ],
)
def test_times_are_told_as_on_a_clock(time_s, decimals, text):
    assert clock(time_s, decimals) == text


def test_where_nothing_was_judged_the_line_has_a_gap_and_the_scale_does_not_change():
    scores = np.where(np.arange(50) % 25 < 20, -0.5, np.nan)
    whole, gaps = draw_timeline(timeline(np.full(50, -0.5))), draw_timeline(timeline(scores))
    line = lambda image: (np.abs(image.astype(int) - (168, 98, 38)).max(axis=-1) < 12).sum()  # noqa: E731
    assert 0.6 * line(whole) < line(gaps) < 0.9 * line(whole)
    assert draw_timeline(timeline(np.full(50, np.nan))).shape == whole.shape
