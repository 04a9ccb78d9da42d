"""The times of a recording's pictures."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_vad.sources.recordings.stamps import RisingStamps, Stamps


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


def test_stamps_that_stand_still_lose_no_picture_and_no_time() -> None:
    stuck = [*(at / 10 for at in range(10)), *[0.9] * 30, *(4.0 + at / 10 for at in range(10))]
    clock = Stamps(0.1)
    assert [clock.at(stamp) for stamp in stuck] == pytest.approx([at / 10 for at in range(50)])
    assert (clock.takes, clock.repeated) == (0, 30)


def test_stamps_that_slip_back_lose_no_picture_and_keep_their_steps() -> None:
    found = times(0.0, 0.1, 0.2, 0.3, 0.4, 0.0, 0.1, 0.4, 0.5)
    assert found == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.9, 1.0])


def test_of_stamps_in_the_order_of_decoding_the_other_ones_are_believed() -> None:
    rising = RisingStamps()
    shown = [1, 4, 3, 5, 2, 8, 7, 9, 6, 12, 11, 13, 10]
    believed = [rising.choose(at, 2 + index) for index, at in enumerate(shown)]
    assert believed[2:] == [4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]
    rising = RisingStamps()
    good = [0, 1, 2, None, 4, 5, 0, 1]  # a picture without one, and a stream that begins anew
    assert [rising.choose(at, None) for at in good] == good


@given(st.lists(st.one_of(st.none(), st.floats(-1e6, 1e6)), min_size=1))
def test_time_never_goes_back(stamps: list[float | None]) -> None:
    found = times(*stamps)
    assert all(after > before for before, after in pairwise(found))
