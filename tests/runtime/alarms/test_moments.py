from __future__ import annotations

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from edge_vad.alarms.moments import COUNT, TopMoments, seconds_apart
from edge_vad.detection import Detection
from edge_vad.frame import Frame

FPS = 10.0


def detections(scores, cell=(2, 3), times_s=None):
    """A frame a score; all that is strange is in one cell."""
    for index, score in enumerate(scores):
        anomaly_map = np.full((5, 7), -1.0, np.float32)
        anomaly_map[cell] = score
        time_s = index / FPS if times_s is None else times_s[index]
        image = np.full((48, 64, 3), index % 256, np.uint8)
        yield Detection(Frame(image, index, time_s), float(score), 2.0, anomaly_map, None)


def found(make, scores, apart_s=5.0, **more):
    strangest = TopMoments(make.card(), apart_s)
    for detection in detections(scores, **more):
        strangest.update(detection)
    return strangest.finish()


def bumps(*peaks, frames=600):
    """A score of small unrest, kept up for five frames at each of these (frame, height)."""
    scores = 0.1 * np.random.default_rng(0).random(frames) + 0.1
    for index, height in peaks:
        scores[index - 2 : index + 3] = height
    return scores


def test_the_strangest_come_first_also_far_below_the_threshold(make):
    moments = found(make, bumps((100, 0.5), (300, 0.9), (450, 0.7)))
    # The third frame in a row is the first that has kept it up.
    assert [moment.index for moment in moments] == [300, 450, 100]
    assert [round(moment.score, 3) for moment in moments] == [0.9, 0.7, 0.5]
    assert all(moment.image[0, 0, 0] == moment.index % 256 for moment in moments)


@pytest.mark.parametrize("peaks", [((100, 5.0), (120, 4.0)), ((100, 4.0), (120, 5.0))])
def test_what_happens_within_seconds_is_one_moment(make, peaks):
    first, *others = found(make, bumps(*peaks))
    assert first.score == 5.0
    assert all(abs(each.time_s - first.time_s) >= 5 and each.score < 1 for each in others)


def test_a_slow_fall_after_a_peak_is_no_moment_of_its_own(make):
    scores = np.concatenate([np.full(50, 0.1), np.linspace(9, 1, 400), np.full(50, 0.1)])
    assert [moment.index for moment in found(make, scores) if moment.score > 1] == [52]


def test_a_single_frame_is_no_moment_as_it_is_no_alarm(make):
    scores = bumps((300, 0.9))
    scores[100] = 50.0
    assert max(moment.score for moment in found(make, scores)) == pytest.approx(0.9)


def test_two_moments_are_never_closer_than_asked(make):
    scores = np.random.default_rng(1).random(2000)
    times = sorted(moment.time_s for moment in found(make, scores))
    assert len(times) == COUNT
    assert min(np.diff(times)) >= 5


def test_frames_that_were_not_judged_do_not_count(make):
    strangest = TopMoments(make.card(), 5.0)
    for detection in detections([9.0] * 30):
        strangest.update(replace(detection, unjudged="moved"))
    assert strangest.finish() == []


def test_below_zero_one_moment_still_stands_out(make):
    """Its box is around the highest cell, not all of the picture."""
    moments = found(make, np.where(np.arange(200) // 10 == 9, -0.5, -0.9), cell=(1, 5))
    assert moments[0].index == 92
    x, y, width, height = moments[0].box
    assert (x <= 5 * 8 + 8 <= x + width, y <= 8 + 8 <= y + height) == (True, True)
    assert width * height < 64 * 48 / 4


def test_a_moment_is_held_against_the_rest_of_the_recording(make):
    rest = np.tile([0.0, 1.0, 2.0, 3.0, 4.0], 100)  # what is kept up: mostly 0 to 2
    first, *_ = found(make, np.concatenate([rest, np.full(5, 22.0), rest]))
    assert first.above_rest == pytest.approx(11.0, rel=0.2)


@pytest.mark.parametrize("scores", [[1.0] * 10, [1.0] * 400])
def test_too_short_or_too_even_a_rest_tells_nothing(make, scores):
    assert [moment.above_rest for moment in found(make, scores)] == [None]


def test_a_clock_that_begins_anew_breaks_nothing(make):
    times = [index / FPS for index in (*range(100), *range(100))]
    moments = found(make, bumps((50, 5.0), (150, 4.0), frames=200), times_s=times)
    assert [moment.index for moment in moments[:2]] == [50, 150]


def test_memory_stays_flat_over_a_long_recording(make):
    strangest = TopMoments(make.card(), 5.0)
    scores = np.linspace(0, 100, 6000)  # every frame is stranger than all before
    tracemalloc.start()
    try:
        for detection in detections(scores):
            strangest.update(detection)
        # What threads of other tests allocate meanwhile is none of it.
        ours = [tracemalloc.Filter(True, place) for place in (__file__, "*/edge_vad/alarms/*")]
        taken = tracemalloc.take_snapshot().filter_traces(ours).statistics("filename")
        assert 0 < sum(each.size for each in taken) < 1_000_000
    finally:
        tracemalloc.stop()


def test_short_recordings_have_moments_closer_together():
    assert seconds_apart(6.0) == 1.0
    assert seconds_apart(60.0) == 5.0
    assert seconds_apart(86400.0) == 10.0
