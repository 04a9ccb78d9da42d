"""A score counts once enough frames in a row reach it."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from edge_vad.alarms.alarm import ALARM_FRAMES
from edge_vad.alarms.persistence import PersistentScore, persistent_scores

stretches = arrays(np.float32, st.integers(1, 60), elements=st.floats(-9, 9, width=32))


@given(stretches, st.floats(-9, 9, width=32))
def test_it_passes_a_threshold_when_enough_frames_in_a_row_do(
    scores: np.ndarray, threshold: float
) -> None:
    passes = scores >= threshold
    for index, kept_up in enumerate(persistent_scores(scores)):
        assert (kept_up >= threshold) == passes[max(0, index + 1 - ALARM_FRAMES) : index + 1].all()


@given(stretches)
def test_frame_by_frame_and_all_at_once_tell_the_same(scores: np.ndarray) -> None:
    one_by_one = PersistentScore()
    for _ in range(2):  # as if nothing had come before
        told = [one_by_one.update(score) for score in scores.tolist()]
        assert told == persistent_scores(scores).tolist()
        one_by_one.reset()
