"""No picture that was made of a damaged one is taken for whole, in whatever order they come out."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from edge_vad.sources.decoding.damage_tracker import DamageTracker

# Pictures are shown in this order; each is decoded in the turn that stands beside it.
SHOWN_AS_DECODED = {0: 0, 1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 6, 7: 7}
WITH_BACKWARD = {0: 0, 1: 2, 2: 3, 3: 1, 4: 5, 5: 6, 6: 4, 7: 7}
PYRAMID = {0: 0, 1: 3, 2: 2, 3: 4, 4: 1, 5: 6, 6: 5, 7: 7}


def frame(stamp: int, *, corrupt: bool = False, key: bool = False) -> Any:
    return SimpleNamespace(pts=stamp, time=stamp / 10, is_corrupt=corrupt, key_frame=key)


def packet(stamp: int | None, *, key: bool = False) -> Any:
    return SimpleNamespace(pts=stamp, time_base=0.1, is_keyframe=key)


def played(
    order: dict[int, int],
    corrupt: Sequence[int] = (),
    keys: Sequence[int] = (0,),
    failed: Sequence[int] = (),
    ahead: int = 3,
) -> list[tuple[int, bool]]:
    """What comes out of a decoder that gives a picture so many packets after it was sent."""
    whole, seen = DamageTracker(), []
    sent = sorted(order, key=lambda stamp: order[stamp])
    shown = [stamp for stamp in sorted(order) if stamp not in failed]
    for turn, stamp in enumerate(sent):
        whole.send(packet(stamp))
        if stamp in failed:
            whole.fail(packet(stamp))
        elif turn >= ahead:
            stamp = shown.pop(0)
            seen += whole.take(frame(stamp, corrupt=stamp in corrupt, key=stamp in keys))
    for stamp in shown:
        seen += whole.take(frame(stamp, corrupt=stamp in corrupt, key=stamp in keys))
    seen += whole.end()
    return [(each.frame.pts, each.is_whole) for each in seen]


def whole_ones(*args: Any, **kwargs: Any) -> list[int]:
    out = played(*args, **kwargs)
    assert [stamp for stamp, _ in out] == sorted(stamp for stamp, _ in out)
    return [stamp for stamp, is_whole in out if is_whole]


@pytest.mark.parametrize("order", [SHOWN_AS_DECODED, WITH_BACKWARD, PYRAMID])
def test_every_picture_of_an_undamaged_stream_is_whole(order: dict[int, int]) -> None:
    assert whole_ones(order) == list(range(8))


@pytest.mark.parametrize(
    ("order", "corrupt", "left"),
    [
        (SHOWN_AS_DECODED, 3, [0, 1, 2]),
        (WITH_BACKWARD, 3, [0]),
        (WITH_BACKWARD, 6, [0, 1, 2, 3]),
        (WITH_BACKWARD, 2, [0, 1]),
        (PYRAMID, 4, [0]),
        (PYRAMID, 2, [0]),
    ],
)
def test_what_is_shown_before_a_damaged_picture_and_made_of_it_is_none(
    order: dict[int, int], corrupt: int, left: list[int]
) -> None:
    assert whole_ones(order, [corrupt]) == left


def test_a_packet_that_fails_damages_all_that_did_not_come_out_before_it() -> None:
    assert whole_ones(SHOWN_AS_DECODED, failed=[3], ahead=0) == [0, 1, 2]
    assert whole_ones(SHOWN_AS_DECODED, failed=[3], ahead=0, keys=[0, 6]) == [0, 1, 2, 6, 7]
    assert whole_ones(WITH_BACKWARD, failed=[3], ahead=2) == []


def test_from_a_key_frame_after_the_damage_on_all_is_whole_again() -> None:
    assert whole_ones(SHOWN_AS_DECODED, [2], keys=[0, 5]) == [0, 1, 5, 6, 7]


def test_a_key_frame_is_one_that_its_packet_calls_so() -> None:
    whole, seen = DamageTracker(), []
    for stamp in range(6):
        whole.send(packet(stamp, key=stamp in (0, 4)))
        seen += whole.take(frame(stamp, corrupt=stamp == 1))
    assert [each.is_whole for each in seen] == [True, False, False, False, True, True]


def test_pictures_that_are_shown_as_they_are_decoded_are_not_held_back() -> None:
    whole = DamageTracker()
    for stamp in range(5):
        whole.send(packet(stamp))
        assert [each.frame.pts for each in whole.take(frame(stamp))] == [stamp]


def test_a_packet_that_never_comes_out_holds_back_no_more_than_a_codec_may() -> None:
    whole, seen = DamageTracker(), []
    whole.send(packet(1000))
    for stamp in range(200):
        whole.send(packet(stamp))
        seen += whole.take(frame(stamp))
        assert stamp - len(seen) < 17
    assert stamp == len(seen) - 1
    whole.send(packet(None))
    assert [each.frame.pts for each in whole.take(frame(200))] == [200]
