"""Stamps of cameras are kept, whatever these do, and such that a file can hold them."""

from __future__ import annotations

from fractions import Fraction

import av
import pytest

from edge_vad.record.stamps import OwnStamps


def packet(pts: int | None, dts: int | None = None) -> av.Packet:
    made = av.Packet(b"x")
    made.time_base = Fraction(1, 1000)
    made.pts, made.dts = pts, dts
    return made


def fitted(*stamps: tuple[int | None, int | None]) -> list[tuple[bool, int | None, int | None]]:
    kept, out = OwnStamps(), []
    for pts, dts in stamps:
        each = packet(pts, dts)
        out.append((kept.fit(each), each.pts, each.dts))
    return out


def test_good_stamps_are_left_alone() -> None:
    stamps = [(0, 0), (120, 40), (80, 80), (160, 120)]
    assert fitted(*stamps) == [(True, *each) for each in stamps]


def test_pictures_out_of_order_need_not_say_when_they_are_due() -> None:
    stamps = [(0, None), (240, None), (120, 0), (300, 120)]
    assert fitted(*stamps) == [(True, *each) for each in stamps]


def test_small_steps_back_are_taken_for_jitter() -> None:
    assert fitted((500, 500), (480, 480), (540, 540)) == [
        (True, 500, 500), (True, 500, 500), (True, 540, 540),
    ]  # fmt: skip


@pytest.mark.parametrize("jump", [-5000, 60_000])
def test_stamps_that_begin_anew_follow_nothing(jump: int) -> None:
    begun = 10_000
    after = begun + jump
    told = fitted((begun, begun), (after, after), (after + 40, after + 40))
    assert [follows for follows, *_ in told] == [True, False, True]
    assert told[1][1:] == (after, after)


def test_a_packet_without_stamps_comes_right_after_the_one_before() -> None:
    assert fitted((400, 400), (None, None)) == [(True, 400, 400), (True, 401, None)]
