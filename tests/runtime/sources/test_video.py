"""Video files."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_vad.errors import BadInput, WrongUse
from edge_vad.frame import Frame
from edge_vad.sources import open_source
from edge_vad.sources import video as module
from edge_vad.sources.video import FALLBACK_FPS, plausible_fps

Video = Callable[..., Path]
COUNT = 40


@pytest.fixture(scope="module")
def avi(tmp_path_factory: pytest.TempPathFactory, video: Video) -> Path:
    return video(tmp_path_factory.mktemp("avi") / "street.avi", COUNT)


@pytest.fixture(scope="module")
def mp4(tmp_path_factory: pytest.TempPathFactory, video: Video) -> Path:
    return video(tmp_path_factory.mktemp("mp4") / "street.mp4", COUNT, "mp4v")


@pytest.fixture(scope="module", params=["avi", "mp4"])
def whole(request: pytest.FixtureRequest) -> tuple[Path, list[Frame]]:
    path: Path = request.getfixturevalue(request.param)
    return path, list(open_source(path))


def _play(source: Iterator[Frame]) -> tuple[list[int], BadInput | None]:
    """Play until the end or an error; give the indices and the error."""
    indices = []
    try:
        for frame in source:
            indices.append(frame.index)  # noqa: PERF401 what came before the error counts
    except BadInput as error:
        return indices, error
    return indices, None


def _cut(path: Path, kept: float) -> Path:
    data = path.read_bytes()
    short = path.with_name(f"cut_{kept}{path.suffix}")
    short.write_bytes(data[: int(len(data) * kept)])
    return short


def test_every_frame_comes_in_order_with_index_and_time(whole: tuple[Path, list[Frame]]) -> None:
    path, frames = whole
    source = open_source(path)
    assert (source.name, source.fps, source.length) == ("street", 25.0, COUNT)
    assert [frame.index for frame in frames] == list(range(COUNT))
    assert frames[10].time_s == pytest.approx(0.4)
    for frame in frames:
        assert frame.image.shape == (48, 64, 3)
        assert frame.image.dtype == np.uint8
        assert frame.image.flags.c_contiguous


@settings(max_examples=20)
@given(ends=st.tuples(st.integers(0, COUNT), st.integers(0, COUNT)).filter(lambda e: e[0] < e[1]))
def test_a_range_is_the_slice_of_the_whole(
    whole: tuple[Path, list[Frame]], ends: tuple[int, int]
) -> None:
    path, frames = whole
    start, stop = ends
    source = open_source(f"{path}:{start}-{stop}")
    part = list(source)
    assert source.length == stop - start == len(part)
    for got, expected in zip(part, frames[start:stop], strict=True):
        assert (got.index, got.time_s) == (expected.index, expected.time_s)
        np.testing.assert_array_equal(got.image, expected.image)


def test_a_range_may_leave_out_either_end(avi: Path) -> None:
    assert [frame.index for frame in open_source(f"{avi}:37-")] == [37, 38, 39]
    assert [frame.index for frame in open_source(f"{avi}:-3")] == [0, 1, 2]
    assert open_source(f"{avi}:37-").length == 3


def test_playing_twice_begins_anew_each_time(avi: Path) -> None:
    source = open_source(f"{avi}:5-8")
    assert [frame.index for frame in source] == [frame.index for frame in source] == [5, 6, 7]


def test_frames_stay_as_they_are_when_the_next_one_comes(avi: Path) -> None:
    playing = iter(open_source(avi))
    first = next(playing).image
    kept = first.copy()
    next(playing)
    np.testing.assert_array_equal(first, kept)


def test_closing_gives_the_file_back_and_may_be_repeated(
    avi: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = open_source(avi)
    captures = _watch_captures(monkeypatch)
    playing = iter(source)
    next(playing)
    source.close()
    source.close()
    assert [capture.isOpened() for capture in captures] == [False]
    assert list(playing) == []
    assert len(list(source)) == COUNT


def test_an_abandoned_player_gives_the_file_back(
    avi: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    captures = _watch_captures(monkeypatch)
    for _ in open_source(avi):
        break
    assert captures
    assert not any(capture.isOpened() for capture in captures)


def _watch_captures(monkeypatch: pytest.MonkeyPatch) -> list[cv2.VideoCapture]:
    captures: list[cv2.VideoCapture] = []
    real = cv2.VideoCapture

    def opened(*args: Any) -> cv2.VideoCapture:
        captures.append(real(*args))
        return captures[-1]

    monkeypatch.setattr(cv2, "VideoCapture", opened)
    return captures


@pytest.mark.parametrize("name", ["12:30.avi", "my street %03d.avi", "straße.avi"])
def test_odd_names_are_opened_as_they_stand(
    tmp_path: Path, video: Video, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    video(tmp_path / "plain.avi", 3).rename(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    assert len(list(open_source(name))) == 3
    assert len(list(open_source(f"{name}:0-2"))) == 2


@pytest.mark.parametrize("kept", [0.0, 0.02, 0.1])
def test_an_avi_without_its_header_is_refused(avi: Path, kept: float) -> None:
    with pytest.raises(BadInput, match="cannot be read as a video"):
        open_source(_cut(avi, kept))


@pytest.mark.parametrize("kept", [0.02, 0.25, 0.5, 0.75, 0.9, 0.99])
def test_an_mp4_without_its_index_is_refused(mp4: Path, kept: float) -> None:
    with pytest.raises(BadInput, match="cannot be read as a video"):
        open_source(_cut(mp4, kept))


def _fast_start(mp4: Path, path: Path) -> Path:
    """Move the index of an mp4 to its front, as files meant for streaming have it."""
    data = mp4.read_bytes()
    at = data.index(b"moov") - 4
    front, index = data[: data.index(b"mdat") - 4], bytearray(data[at:])
    table = index.index(b"stco") + 8
    for entry in range(int.from_bytes(index[table : table + 4], "big")):
        place = table + 4 + 4 * entry
        moved = int.from_bytes(index[place : place + 4], "big") + len(index)
        index[place : place + 4] = moved.to_bytes(4, "big")
    path.write_bytes(front + index + data[len(front) : at])
    return path


@pytest.mark.parametrize("kept", [0.3, 0.5, 0.75, 0.9])
@pytest.mark.parametrize("container", ["avi", "mp4"])
def test_a_video_cut_in_the_middle_plays_what_decodes_and_then_says_so(
    avi: Path, mp4: Path, tmp_path: Path, container: str, kept: float
) -> None:
    path = avi if container == "avi" else _fast_start(mp4, tmp_path / "fast.mp4")
    short = _cut(path, kept)
    source = open_source(short)
    indices, error = _play(iter(source))
    assert 0 < len(indices) < COUNT
    assert indices == list(range(len(indices)))
    assert error is not None
    assert f"breaks off after frame {indices[-1]}, though it announces 40" in error.what
    suggested = f"{short}:0-{len(indices)}"
    assert suggested in error.todo
    assert _play(iter(open_source(suggested))) == (indices, None)


def test_the_tolerance_for_announced_counts_is_two_frames_or_two_percent(
    avi: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for announced, is_whole in ((42, True), (43, False), (38, True)):
        _announce(monkeypatch, cv2.CAP_PROP_FRAME_COUNT, announced)
        indices, error = _play(iter(open_source(avi)))
        assert len(indices) == COUNT
        assert (error is None) is is_whole


def test_an_end_that_was_asked_for_must_be_reached(
    avi: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _announce(monkeypatch, cv2.CAP_PROP_FRAME_COUNT, 42)
    indices, error = _play(iter(open_source(f"{avi}:30-42")))
    assert indices == list(range(30, COUNT))
    assert error is not None
    assert "after frame 39, though 30-42 was asked for" in error.what
    assert f"{avi}:30-40" in error.todo


def test_a_range_that_begins_where_a_cut_video_has_nothing_left_says_so(avi: Path) -> None:
    short = _cut(avi, 0.5)
    indices, error = _play(iter(open_source(f"{short}:35-")))
    assert indices == []
    assert error is not None
    assert "breaks off after frame" in error.what
    assert f"{short}:0-" in error.todo


@pytest.mark.parametrize("count", [0, -192153584101141.0, 1e15])
def test_a_container_that_announces_no_count_is_played_to_its_end(
    avi: Path, monkeypatch: pytest.MonkeyPatch, count: float
) -> None:
    _announce(monkeypatch, cv2.CAP_PROP_FRAME_COUNT, count)
    source = open_source(avi)
    assert source.length is None
    assert len(list(source)) == COUNT
    indices, error = _play(iter(open_source(f"{avi}:38-50")))
    assert indices == [38, 39]
    assert error is not None


def test_a_video_without_a_single_frame_is_refused(
    avi: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_READERS", (cv2.CAP_FFMPEG,))
    monkeypatch.setattr(cv2, "VideoCapture", _Barren)
    with pytest.raises(BadInput, match="no frame of"):
        list(open_source(avi))


class _Barren:
    """A reader that opens and then decodes nothing."""

    def __init__(self, *args: Any) -> None: ...

    def isOpened(self) -> bool:  # noqa: N802 OpenCV's word
        return True

    def get(self, what: int) -> float:
        return 25.0 if what == cv2.CAP_PROP_FPS else 0.0

    def read(self) -> tuple[bool, None]:
        return False, None

    def release(self) -> None: ...


class _Growing(_Barren):
    """A reader whose frames change size."""

    def __init__(self, *args: Any) -> None:
        self.sizes = iter([(24, 32), (24, 32), (48, 64)])

    def read(self) -> tuple[bool, Any]:
        return True, np.zeros((*next(self.sizes), 3), np.uint8)


def test_a_change_of_size_in_the_middle_is_refused_with_both_sizes(
    avi: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cv2, "VideoCapture", _Growing)
    playing = iter(open_source(avi))
    next(playing), next(playing)
    with pytest.raises(BadInput, match=r"frame 2 of .* is 64x48, those before are 32x24"):
        next(playing)


@pytest.mark.parametrize("written", ["0-100", "43-", "100-200"])
def test_a_range_beyond_the_end_is_refused(avi: Path, written: str) -> None:
    with pytest.raises(WrongUse, match="beyond the 40 frames"):
        open_source(f"{avi}:{written}")


@pytest.mark.parametrize("content", [b"", b"this is no video", bytes(100_000)])
def test_a_file_that_is_no_video_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "notes001.mp4"
    path.write_bytes(content)
    with pytest.raises(BadInput, match="cannot be read as a video"):
        open_source(path)


def test_a_single_picture_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "001.png"
    cv2.imwrite(str(path), np.zeros((8, 8, 3), np.uint8))
    with pytest.raises(WrongUse, match="single picture"):
        open_source(path)


@pytest.mark.parametrize("absurd", [0.0, -1.0, float("nan"), float("inf"), 1000.0, 90000.0])
def test_an_absurd_frame_rate_is_replaced(absurd: float) -> None:
    assert plausible_fps(absurd) == FALLBACK_FPS == 25.0


@pytest.mark.parametrize("real", [0.5, 5.0, 29.97, 120.0])
def test_a_plausible_frame_rate_is_kept(real: float) -> None:
    assert plausible_fps(real) == real


def test_a_count_that_rests_on_an_absurd_rate_is_not_believed(
    avi: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _announce(monkeypatch, cv2.CAP_PROP_FPS, 0.0)
    source = open_source(avi)
    assert (source.fps, source.length) == (FALLBACK_FPS, None)
    assert len(list(source)) == COUNT


def _announce(monkeypatch: pytest.MonkeyPatch, what: int, value: float) -> None:
    real = cv2.VideoCapture

    class Announcing:
        def __init__(self, *args: Any) -> None:
            self._real = real(*args)

        def __getattr__(self, name: str) -> Any:
            return getattr(self._real, name)

        def get(self, prop: int) -> float:
            return value if prop == what else self._real.get(prop)

    monkeypatch.setattr(cv2, "VideoCapture", Announcing)


def test_a_broken_video_leaves_the_terminal_clean(avi: Path, mp4: Path) -> None:
    script = """
import sys
from edge_vad.errors import BadInput
from edge_vad.sources import open_source
for path in sys.argv[1:]:
    try:
        list(open_source(path))
    except BadInput:
        continue
    raise SystemExit(f"{path} was taken for whole")
"""
    paths = [str(_cut(avi, 0.1)), str(_cut(avi, 0.5)), str(_cut(mp4, 0.5))]
    run = subprocess.run([sys.executable, "-c", script, *paths], capture_output=True, text=True)
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")
