"""A file of footage plays wherever it is cut off, and holds what was sent."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from edge_vad.errors import BadInput
from edge_vad.record.copied import CopiedFile
from edge_vad.record.footage_file import FootageFile, finish, seconds_of
from edge_vad.record.footage_folder import FootageFolder, name_at
from edge_vad.sources import open_source
from edge_vad.sources.feeds.feed import FeedEnded

Video = Callable[..., Path]
EVEN = [index / 10 for index in range(120)]
NAME = "gate_2026-05-01_09-30-00.000Z.mkv"


def copy(source: Path, to: Path) -> Path:
    """Record a whole file, and end it as it should be."""
    with closing(CopiedFile(source)) as feed:
        sample = feed.next()
        with closing(FootageFile(to, feed, sample)) as file:
            try:
                while True:
                    file.write(sample)
                    sample = feed.next()
            except FeedEnded:
                pass
    return to


@pytest.mark.parametrize("b_frames", [0, 2])
def test_packets_are_copied_as_they_are_with_their_own_times(
    h264: Video,
    packets: Callable[[Path], list[bytes]],
    times: Callable[[Path], list[float]],
    tmp_path: Path,
    b_frames: int,
) -> None:
    uneven = [index / 10 + index % 3 / 50 for index in range(60)]
    source = h264(tmp_path / "source.mkv", uneven, b_frames=b_frames)
    footage = copy(source, tmp_path / NAME)
    assert packets(footage) == packets(source)
    assert times(footage) == pytest.approx(uneven, abs=0.0011)
    assert footage.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("share", [0.2, 0.5, 0.77, 0.95])
def test_a_file_that_is_cut_off_plays_up_to_there(
    h264: Video, times: Callable[[Path], list[float]], tmp_path: Path, share: float
) -> None:
    whole = copy(h264(tmp_path / "source.mkv", EVEN), tmp_path / NAME)
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(whole.read_bytes()[: round(whole.stat().st_size * share)])
    shown = times(cut)
    assert shown == pytest.approx(EVEN[: len(shown)], abs=0.0011)
    assert len(shown) >= share * len(EVEN) - 15  # a second and a half, for packets differ in size


def test_what_was_written_is_on_the_disk_but_for_half_a_second(h264: Video, tmp_path: Path) -> None:
    killed, missing = tmp_path / "killed.mkv", []
    with closing(CopiedFile(h264(tmp_path / "source.mkv", EVEN))) as feed:
        sample = feed.next()
        with closing(FootageFile(tmp_path / NAME, feed, sample)) as file:
            for _ in range(100):
                file.write(sample)
                sample = feed.next()
                if file.seconds >= 2:
                    killed.write_bytes((tmp_path / NAME).read_bytes())
                    missing.append(file.seconds - last_s(killed))
    assert len(missing) > 70
    assert max(missing) <= 0.7


def last_s(path: Path) -> float:
    """When the last packet of a file is shown."""
    with closing(CopiedFile(path)) as feed:
        last = 0.0
        try:
            while True:
                last = feed.next().time_s
        except FeedEnded:
            return last


def test_a_file_that_was_cut_off_is_given_its_length(
    h264: Video, packets: Callable[[Path], list[bytes]], tmp_path: Path
) -> None:
    whole = copy(h264(tmp_path / "source.mkv", EVEN), tmp_path / "whole.mkv")
    cut = tmp_path / NAME
    with closing(CopiedFile(whole)) as feed:  # as a kill leaves it: no end was written
        file = FootageFile(cut, feed, sample := feed.next())
        for _ in range(60):
            file.write(sample)
            sample = feed.next()
        cut.rename(killed := tmp_path / "killed.mkv")
        file.close()
        cut.write_bytes(killed.read_bytes()[:-7])
    with open_source(cut) as source:  # training thins out what is long by what it says
        assert source.length == pytest.approx(len(packets(cut)), abs=1)
    assert finish(cut) is True
    held = packets(cut)
    assert held == packets(whole)[: len(held)]
    assert seconds_of(cut) == pytest.approx(len(held) / 10, abs=0.11)


@pytest.mark.parametrize("left", [0, 200])
def test_what_holds_no_picture_goes_when_recording_goes_on(
    h264: Video, tmp_path: Path, left: int
) -> None:
    whole = copy(h264(tmp_path / "source.mkv", EVEN), tmp_path / "whole.mkv")
    folder = tmp_path / "gate"
    folder.mkdir()
    (folder / NAME).write_bytes(whole.read_bytes()[:left])
    (folder / f".{NAME}.partial").write_bytes(b"half a copy")
    (folder / "notes.txt").write_text("not ours")
    with FootageFolder(folder, "gate") as found:
        assert (found.files, found.seconds, found.size) == (0, 0.0, 0)
    assert [each.name for each in folder.iterdir()] == ["notes.txt"]


def test_what_is_there_counts_and_has_one_owner(h264: Video, tmp_path: Path) -> None:
    whole = copy(h264(tmp_path / "source.mkv", EVEN), tmp_path / "whole.mkv")
    folder = tmp_path / "footage" / "gate"
    folder.mkdir(parents=True)
    os.link(whole, folder / NAME)
    with FootageFolder(folder, "gate") as found:
        assert (found.files, found.size) == (1, whole.stat().st_size)
        assert found.seconds == pytest.approx(12.0, abs=0.2)
        with pytest.raises(BadInput, match="writes into"):
            FootageFolder(folder, "gate")


def test_files_are_named_by_camera_and_time_and_never_overwritten(
    h264: Video, tmp_path: Path
) -> None:
    source = h264(tmp_path / "source.mkv", EVEN)
    with closing(CopiedFile(source)) as feed, FootageFolder(tmp_path / "gate", "gate") as folder:
        sample = feed.next()
        for _ in range(3):
            folder.add(folder.begin(feed, sample))
    names = sorted(path.name for path in (tmp_path / "gate").iterdir())
    assert len(names) == 3
    assert all(name.startswith("gate_20") and name.endswith("Z.mkv") for name in names)


def test_names_sort_by_time() -> None:
    begun = datetime(2026, 12, 31, 23, 59, 58, 900_000, tzinfo=timezone.utc)
    names = [name_at("gate", begun + timedelta(seconds=0.7 * step)) for step in range(4)]
    assert names == sorted(names)
