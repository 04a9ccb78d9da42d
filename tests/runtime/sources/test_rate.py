"""How fast frames come, and when a lost camera is tried again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_vad.sources.capture.backoff import LONGEST_S, SHORTEST_S, pause_after
from edge_vad.sources.capture.rate import Rate


@pytest.mark.parametrize(("declared", "real"), [(25.0, 8.0), (10.0, 30.0)])
def test_the_rate_is_measured_where_the_camera_says_a_wrong_one(
    declared: float, real: float
) -> None:
    rate = Rate()
    rate.begin(declared)
    for index in range(200):
        rate.count(index / real)
    assert rate.fps == pytest.approx(real, rel=0.02)


def test_a_camera_that_comes_back_is_known_better_than_by_its_word() -> None:
    rate = Rate()
    rate.begin(25.0)
    for index in range(200):
        rate.count(index / 10)
    rate.begin(25.0)
    assert rate.fps == pytest.approx(10.0, rel=0.01)


def test_a_rate_is_relied_on_only_once_it_was_seen() -> None:
    rate = Rate()
    rate.begin(25.0)
    waiting = [0.0] * 5  # frames that were waiting for their reader
    came = [*waiting, *(index / 10 for index in range(1, 60))]
    settled = []
    for now in came:
        rate.count(now)
        if rate.is_settled:
            settled.append((now, rate.fps))
    assert 2.0 < settled[0][0] < 3.0
    assert all(fps == pytest.approx(10.0, rel=0.05) for _, fps in settled)
    rate.begin(25.0)
    assert rate.is_settled


def test_the_rate_of_a_recording_is_what_it_says() -> None:
    rate = Rate()
    rate.begin(12.5, is_certain=True)
    assert (rate.is_settled, rate.fps) == (True, 12.5)


def test_a_hiccup_hardly_changes_the_rate() -> None:
    rate = Rate()
    rate.begin(10.0)
    for index in range(50):
        rate.count(index / 10)
    rate.count(60.0)
    assert rate.fps == pytest.approx(10.0, rel=0.2)


@given(st.floats(0, 1e7), st.floats(0, 1))
def test_a_camera_is_tried_again_soon_and_never_too_often(outage: float, chance: float) -> None:
    pause = pause_after(outage, lambda: chance)
    assert SHORTEST_S / 2 <= pause <= LONGEST_S
    if outage <= 10.0:
        assert pause <= 1.0
