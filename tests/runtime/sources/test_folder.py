"""Folders of frames."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_vad.errors import BadInput, WrongUse
from edge_vad.sources import SourceState, open_source
from edge_vad.sources.recordings.folder import list_frames, natural_key

Frames = Callable[..., Path]
COUNT = 12


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory, frames: Frames) -> Path:
    return frames(tmp_path_factory.mktemp("footage") / "Test001", COUNT)


def test_every_frame_comes_in_order_with_index_and_time(clip: Path) -> None:
    with open_source(clip) as source:
        assert (source.name, source.fps, source.length) == ("Test001", 10.0, COUNT)
        assert source.state is SourceState.LIVE
        played = list(source)
        assert source.state.value == "ended"
    assert [frame.index for frame in played] == list(range(COUNT))
    assert [frame.image[0, 0, 0] for frame in played] == list(range(COUNT))
    assert [frame.time_s for frame in played] == [index / 10.0 for index in range(COUNT)]
    assert all(frame.image.shape == (24, 32, 3) for frame in played)


def test_playing_twice_begins_anew_each_time(clip: Path) -> None:
    source = open_source(clip)
    assert [frame.index for frame in source] == [frame.index for frame in source]


def test_two_players_do_not_disturb_each_other(clip: Path) -> None:
    source = open_source(clip)
    assert all(one.index == two.index for one, two in zip(source, source, strict=True))


def test_closing_ends_what_is_playing_and_may_be_repeated(clip: Path) -> None:
    source = open_source(clip)
    playing = iter(source)
    next(playing)
    source.close()
    source.close()
    assert list(playing) == []
    assert len(list(source)) == COUNT


@given(ends=st.tuples(st.integers(0, COUNT), st.integers(0, COUNT)).filter(lambda e: e[0] < e[1]))
def test_a_range_is_the_slice_of_the_whole(clip: Path, ends: tuple[int, int]) -> None:
    start, stop = ends
    source = open_source(f"{clip}:{start}-{stop}")
    assert source.length == stop - start
    assert source.name == f"Test001_{start}-{stop}"
    assert [frame.index for frame in source] == list(range(COUNT))[start:stop]
    assert [int(frame.image[0, 0, 0]) for frame in source] == list(range(COUNT))[start:stop]


def test_a_range_without_an_end_goes_to_the_last_frame(clip: Path) -> None:
    assert [frame.index for frame in open_source(f"{clip}:9-")] == [9, 10, 11]


@pytest.mark.parametrize("written", ["0-13", "12-", "12-13", "500-600"])
def test_a_range_beyond_the_end_is_refused(clip: Path, written: str) -> None:
    with pytest.raises(WrongUse, match="beyond the 12 frames") as caught:
        open_source(f"{clip}:{written}")
    assert caught.value.todo == f"stay within {clip}:0-12"


def test_numbers_are_counted_and_not_spelled(tmp_path: Path) -> None:
    for number in (1, 2, 10, 9, 100):
        cv2.imwrite(str(tmp_path / f"{number}.jpg"), np.full((8, 8, 3), number, np.uint8))
    seen = [int(frame.image[0, 0, 0]) for frame in open_source(tmp_path, fps=5)]
    assert seen == sorted(seen)


@given(names=st.lists(st.text(st.sampled_from("aB19²_."), max_size=6), unique=True))
def test_any_names_can_be_sorted_and_the_order_is_always_the_same(names: list[str]) -> None:
    backwards = names[::-1]
    assert sorted(names, key=natural_key) == sorted(backwards, key=natural_key)


def test_what_lies_beside_the_frames_is_no_frame(tmp_path: Path, frames: Frames) -> None:
    frames(tmp_path, 3)
    for litter in (".DS_Store", "._001.tif", ".hidden.png", "UCSDped1.m~", "Thumbs.db", "a.txt"):
        (tmp_path / litter).write_bytes(b"litter")
    (tmp_path / "folder.png").mkdir()
    assert [file.name for file in list_frames(tmp_path)] == ["001.png", "002.png", "003.png"]


@pytest.mark.parametrize("suffix", [".png", ".JPG", ".jpeg", ".tif", ".tiff", ".bmp"])
def test_every_usual_kind_of_picture_is_a_frame(tmp_path: Path, suffix: str) -> None:
    cv2.imwrite(str(tmp_path / f"1{suffix}"), np.zeros((8, 8, 3), np.uint8))
    assert len(list(open_source(tmp_path, fps=5))) == 1


@pytest.mark.parametrize("litter", [(), (".DS_Store", "notes.txt", "._001.png")])
def test_an_empty_folder_is_refused(tmp_path: Path, litter: tuple[str, ...]) -> None:
    for name in litter:
        (tmp_path / name).touch()
    with pytest.raises(BadInput, match="holds no frames"):
        open_source(tmp_path)


def _spoil(clip: Path, name: str) -> None:
    whole = (clip / name).read_bytes()
    (clip / name).write_bytes(whole[: len(whole) // 2])


def test_a_corrupt_frame_among_good_ones_is_skipped_and_counted(
    tmp_path: Path, frames: Frames, caplog: pytest.LogCaptureFixture
) -> None:
    frames(tmp_path, 6)
    _spoil(tmp_path, "003.png")
    source = open_source(tmp_path)
    with caplog.at_level(logging.WARNING, "edge_vad.sources"):
        for _ in range(2):
            assert [frame.index for frame in source] == [0, 1, 3, 4, 5]
            assert source.skipped == 1
    assert [record.name for record in caplog.records] == ["edge_vad.sources"]
    assert "003.png" in caplog.text


def test_a_jpeg_cut_short_is_skipped_and_not_filled_with_grey(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8)
    for number in range(1, 5):
        cv2.imwrite(str(tmp_path / f"{number}.jpg"), noise)
    _spoil(tmp_path, "2.jpg")
    source = open_source(tmp_path, fps=5)
    assert [frame.index for frame in source] == [0, 2, 3]


def test_strict_reading_names_the_corrupt_frame(tmp_path: Path, frames: Frames) -> None:
    frames(tmp_path, 6)
    _spoil(tmp_path, "003.png")
    playing = iter(open_source(tmp_path, strict=True))
    assert [next(playing).index, next(playing).index] == [0, 1]
    with pytest.raises(BadInput, match=r"frame 2 \(003\.png\)"):
        next(playing)


def test_a_folder_of_nothing_but_corrupt_frames_is_refused(tmp_path: Path, frames: Frames) -> None:
    frames(tmp_path, 2)
    _spoil(tmp_path, "001.png")
    _spoil(tmp_path, "002.png")
    with pytest.raises(BadInput, match="none of the 2 frames"):
        list(open_source(tmp_path))


def test_frames_of_different_sizes_are_refused_with_both_sizes(
    tmp_path: Path, frames: Frames
) -> None:
    frames(tmp_path, 4)
    cv2.imwrite(str(tmp_path / "003.png"), np.zeros((10, 20, 3), np.uint8))
    playing = iter(open_source(tmp_path))
    next(playing), next(playing)
    with pytest.raises(BadInput, match=r"frame 2 \(003\.png\) .* is 20x10, .* 32x24") as caught:
        next(playing)
    assert f"{tmp_path}:0-2" in caught.value.todo


def test_a_folder_that_does_not_say_its_rate_is_asked_for_it(
    tmp_path: Path, frames: Frames
) -> None:
    frames(tmp_path, 6)
    (tmp_path / "fps.txt").unlink()
    with pytest.raises(BadInput, match="how many of its pictures") as caught:
        open_source(tmp_path)
    assert f"{tmp_path}?fps=10" in caught.value.todo
    for source in (open_source(tmp_path, fps=30), open_source(f"{tmp_path}?fps=30")):
        assert [frame.time_s for frame in source][-1] == pytest.approx(5 / 30)


def test_a_rate_that_is_said_comes_before_the_usual_one(tmp_path: Path, frames: Frames) -> None:
    frames(tmp_path, 6)
    assert open_source(tmp_path, fps=30).fps == 10.0
    assert open_source(f"{tmp_path}?fps=25", fps=30).fps == 25.0
    (tmp_path / "fps.txt").write_text("many")
    with pytest.raises(WrongUse, match="no frame rate"):
        open_source(tmp_path)


@pytest.mark.parametrize("kind", ["pipe", "device", "folder", "long text", "no text"])
def test_a_rate_that_cannot_be_read_is_told_and_waited_for_by_nobody(
    tmp_path: Path, frames: Callable[..., Path], kind: str
) -> None:
    rate = frames(tmp_path / "pictures", 3) / "fps.txt"
    rate.unlink()
    if kind == "pipe":
        os.mkfifo(rate)
    elif kind == "device":
        rate.symlink_to("/dev/zero")
    elif kind == "folder":
        rate.mkdir()
    else:
        rate.write_bytes(b"9" * 10_000 if kind == "long text" else b"\xff\xfe")
    began = time.monotonic()
    with pytest.raises(BadInput, match=r"fps.txt cannot be read"):
        open_source(tmp_path / "pictures")
    assert time.monotonic() - began < 10
