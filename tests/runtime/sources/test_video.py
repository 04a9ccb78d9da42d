"""Video files."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_vad.errors import BadInput, WrongUse
from edge_vad.frame import Frame
from edge_vad.sources import open_source
from edge_vad.sources.decoding.video_file import Raw, plausible
from edge_vad.sources.recordings import video

Video = Callable[..., Path]
COUNT = 40
DECODERS = ["pyav", "opencv"]


@pytest.fixture(scope="module", params=DECODERS)
def decoder(request: pytest.FixtureRequest) -> Iterator[str]:
    """Where PyAV is not installed, OpenCV decodes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(video, "has_pyav", lambda: request.param == "pyav")
        yield request.param


@pytest.fixture(scope="module")
def avi(tmp_path_factory: pytest.TempPathFactory, video: Video, decoder: str) -> Path:
    return video(tmp_path_factory.mktemp("avi") / "street.avi", COUNT)


@pytest.fixture(scope="module")
def mp4(tmp_path_factory: pytest.TempPathFactory, video: Video, decoder: str) -> Path:
    return video(tmp_path_factory.mktemp("mp4") / "street.mp4", COUNT, "mp4v")


@pytest.fixture(scope="module", params=["avi", "mp4"])
def whole(request: pytest.FixtureRequest, avi: Path, mp4: Path) -> tuple[Path, list[Frame]]:
    path = avi if request.param == "avi" else mp4
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


@pytest.mark.parametrize(("mark", "frame"), [("50%", 20), ("1s", 25), ("0m", 0)])
def test_a_part_ends_where_the_rest_begins(avi: Path, mark: str, frame: int) -> None:
    rest = [each.index for each in open_source(f"{avi}:{mark}-")]
    assert rest == list(range(frame, COUNT))
    if frame:
        part = [each.index for each in open_source(f"{avi}:-{mark}")]
        assert part == list(range(frame))


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


def test_closing_gives_the_file_back_and_may_be_repeated(avi: Path) -> None:
    source = open_source(avi)
    playing = iter(source)
    next(playing)
    assert _is_open(avi)
    source.close()
    source.close()
    assert not _is_open(avi)
    assert list(playing) == []
    assert len(list(source)) == COUNT


def test_an_abandoned_player_gives_the_file_back(avi: Path) -> None:
    for _ in open_source(avi):
        break
    assert not _is_open(avi)


def _is_open(path: Path) -> bool:
    opened = [each for each in Path("/proc/self/fd").iterdir() if each.is_symlink()]
    return path in [each.readlink() for each in opened]


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


@pytest.mark.parametrize("kept", [0.02, 0.25, 0.5, 0.75, 0.9])
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
def test_a_video_cut_in_the_middle_plays_what_decodes_and_warns(
    avi: Path,
    mp4: Path,
    tmp_path: Path,
    container: str,
    kept: float,
    caplog: pytest.LogCaptureFixture,
) -> None:
    path = avi if container == "avi" else _fast_start(mp4, tmp_path / "fast.mp4")
    indices = [frame.index for frame in open_source(_cut(path, kept))]
    assert 0 < len(indices) < COUNT
    assert indices == list(range(len(indices)))
    assert "though it says that it has 1.6" in caplog.text


def test_an_end_that_was_asked_for_and_does_not_come_is_a_warning(
    avi: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert next(iter(open_source(f"{_cut(avi, 0.5)}:10-40"))).index == 10
    assert 0 < len(list(open_source(f"{_cut(avi, 0.5)}:10-40"))) < 30
    assert "though 10-40 were asked for" in caplog.text


def test_a_range_that_begins_where_a_cut_video_has_nothing_left_says_so(avi: Path) -> None:
    indices, error = _play(iter(open_source(f"{_cut(avi, 0.5)}:35-")))
    assert indices == []
    assert error is not None
    assert "no frame 35-end of" in error.what


class Announcing:
    """A file that announces what it likes."""

    def __init__(self, count: int | None, images: int, fps: float | None = 25.0) -> None:
        self.fps, self.count, self.most, self._images = fps, count, None, images

    def decode(self) -> Iterator[Raw]:
        image = np.zeros((48, 64, 3), np.uint8)
        yield from (Raw(lambda: image, at / 25) for at in range(self._images))


@pytest.mark.parametrize(
    ("announced", "is_warned"), [(42, False), (43, True), (38, False), (1, False), (None, False)]
)
def test_an_announced_count_is_an_estimate(
    avi: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    announced: int | None,
    is_warned: bool,
) -> None:
    monkeypatch.setattr(
        "edge_vad.sources.recordings.video.open_video", lambda _: Announcing(announced, COUNT)
    )
    source = open_source(avi)
    assert source.length == announced
    assert len(list(source)) == COUNT
    assert bool(caplog.text) is is_warned


def test_a_video_without_a_single_frame_is_refused(
    avi: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_vad.sources.recordings.video.open_video", lambda _: Announcing(40, 0))
    with pytest.raises(BadInput, match="no frame of"):
        list(open_source(avi))


def test_a_video_that_does_not_say_its_rate_is_asked_for_it(
    avi: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "edge_vad.sources.recordings.video.open_video", lambda _: Announcing(40, 40, None)
    )
    with pytest.raises(BadInput, match="does not say its frame rate"):
        open_source(avi)
    assert list(open_source(avi, fps=50))[-1].time_s == pytest.approx(39 / 25)
    assert list(open_source(f"{avi}?fps=50"))[-1].time_s == pytest.approx(39 / 50)


@pytest.mark.parametrize("written", ["0-100", "43-", "100-200"])
def test_a_range_beyond_the_end_is_refused_where_the_end_is_known(
    avi: Path, decoder: str, written: str
) -> None:
    if decoder == "pyav":
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


@pytest.mark.parametrize("absurd", [None, 0.0, -1.0, float("nan"), float("inf"), 1000.0, 90000.0])
def test_an_absurd_frame_rate_is_not_believed(absurd: float | None) -> None:
    assert plausible(absurd) is None


@pytest.mark.parametrize("real", [0.5, 5.0, 29.97, 120.0])
def test_a_plausible_frame_rate_is_kept(real: float) -> None:
    assert plausible(real) == real


def test_a_broken_video_leaves_the_terminal_clean(avi: Path, mp4: Path) -> None:
    script = """
import sys
from edge_vad.errors import BadInput
from edge_vad.sources import open_source
from edge_vad.sources.recordings import video
video.has_pyav = lambda: sys.argv[1] == "pyav"
for path in sys.argv[2:]:
    try:
        print(len(list(open_source(path))))
    except BadInput:
        print("refused")
"""
    paths = [str(_cut(avi, 0.1)), str(_cut(avi, 0.5)), str(_cut(mp4, 0.5))]
    for decoder in DECODERS:
        words = [sys.executable, "-c", script, decoder, *paths]
        run = subprocess.run(words, capture_output=True, text=True)
        told = run.stdout.split()
        assert (run.returncode, told[0], told[2]) == (0, "refused", "refused")
        assert 0 < int(told[1]) < COUNT
        *broken, early = run.stderr.splitlines()
        assert len(broken) == (decoder == "pyav")  # OpenCV does not say so
        assert all(each.endswith("cannot be decoded whole and is skipped") for each in broken)
        assert "ends after" in early
