"""The times of a recording's pictures."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_vad.sources.recordings.stamps import Stamps


def times(*stamps: float | None) -> list[float]:
    clock = Stamps(0.1)
    return [clock.at(stamp) for stamp in stamps]


def test_time_begins_with_the_first_picture() -> None:
    assert times(1.4, 1.5, 2.5) == pytest.approx([0.0, 0.1, 1.1])
    assert times(-3.0, -2.9) == pytest.approx([0.0, 0.1])


def test_pictures_without_stamps_follow_at_their_rate() -> None:
    clock = Stamps(0.1)
    assert clock.at(None) == 0.0
    clock.miss(None)
    assert clock.at(None) == pytest.approx(0.2)


def test_pictures_that_are_missing_at_the_beginning_count() -> None:
    for stamp in (None, 1.0):
        clock = Stamps(0.1)
        clock.miss(stamp)
        assert clock.at(None if stamp is None else 1.1) == pytest.approx(0.1)


def test_stamps_that_begin_anew_are_another_take() -> None:
    clock = Stamps(0.1)
    assert [clock.at(stamp) for stamp in (0.0, 30.0, 0.0, 0.1)] == pytest.approx(
        [0.0, 30.0, 30.1, 30.2]
    )
    assert clock.takes == 1


@given(st.lists(st.one_of(st.none(), st.floats(-1e6, 1e6)), min_size=1))
def test_time_never_goes_back(stamps: list[float | None]) -> None:
    found = times(*stamps)
    assert all(after > before for before, after in pairwise(found))
