"""Recording ends by what was asked for, and by what there is room for."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_vad.cli.quantities import parse_size
from edge_vad.errors import WrongUse
from edge_vad.record import limits
from edge_vad.record.limits import Ending, Room, Span


def test_the_size_counts_what_is_there(tmp_path: Path) -> None:
    room = Room(tmp_path, most=1000, used=400)
    assert room.take(500) is None
    assert room.left == 100
    assert room.take(100) is Ending.SIZE


def test_some_of_the_disk_is_left_to_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "LEAST_FREE", 2**62)
    room = Room(tmp_path, most=10**9, used=0)
    assert room.left == 0
    assert room.take(1) is Ending.DISK


def test_what_was_recorded_before_counts() -> None:
    span = Span(100.0, 70.0, is_paced=True)
    assert span.over(99.0) is None
    assert span.over(100.0) is Ending.WHOLE
    assert span.is_whole(99.5)
    assert not span.is_whole(90.0)
    assert 30 < span.left_s < 100


def test_a_camera_without_signal_ends_once_its_time_is_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "_GRACE_S", 0.0)
    span = Span(0.001, 0.0, is_paced=True)
    assert Span(0.001, 0.0, is_paced=False).over(0.0) is None
    while span.left_s > 0:
        pass
    assert span.over(0.0) is Ending.TIME


def test_without_a_duration_there_is_no_end() -> None:
    span = Span(None, 5.0, is_paced=True)
    assert span.over(1e9) is None
    assert not span.is_whole(1e9)


@pytest.mark.parametrize(
    ("text", "size"), [("500MB", 5e8), ("1.5 GB", 1.5e9), ("2T", 2e12), ("20g", 2e10)]
)
def test_sizes_are_read_as_they_are_typed(text: str, size: float) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "0GB", "12", "-1GB", "1e9", "GB", "9" * 400 + "T"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(WrongUse, match="is no size"):
        parse_size(text)
