from __future__ import annotations

import pytest

from edge_vad.archive.clip_time import begun_at
from edge_vad.archive.identity import identify
from edge_vad.sources import open_source

MB = 2**20


def digest(text):
    return identify(str(text)).digest


@pytest.fixture
def large(tmp_path):
    path = tmp_path / "large.mkv"
    path.write_bytes(bytes(range(256)) * (20 * MB // 256))
    return path


def test_ranges_and_options_make_another_source(make, tmp_path):
    clip = make.avi(tmp_path / "clip.avi", make.movement(5))
    ways = ("", ":0-3", ":1-3", "?fps=5", ":0-2s", ":2s-", ":0-50%", ":50%-")
    assert len({digest(f"{clip}{more}") for more in ways}) == len(ways)


def test_a_source_is_called_as_it_is_where_it_is_opened(make, tmp_path):
    clip = make.avi(tmp_path / "gate one.avi", make.movement(5))
    frames = make.frames(tmp_path / "monday", make.movement(3))
    streets = [f"test://street?seed={seed}&frames=5&size=64x48" for seed in (1, 2)]
    names = set()
    for text in (str(clip), f"{clip}:0-3", f"{clip}:0-50%", f"{frames}?fps=10", *streets):
        with open_source(text) as source:
            assert identify(text).name == source.name
            names.add(source.name)
    assert len(names) == 6


def test_other_bytes_make_another_source(make, tmp_path):
    clip = make.avi(tmp_path / "clip.avi", make.movement(5))
    before = digest(clip)
    data = bytearray(clip.read_bytes())
    data[-5] ^= 1
    clip.write_bytes(data)
    assert digest(clip) != before


@pytest.mark.parametrize("place", [0, 11 * MB, 20 * MB - 1])
def test_of_a_large_file_beginning_middle_and_end_count(large, place):
    before = identify(str(large))
    assert before.size == 20 * MB
    with large.open("r+b") as file:
        file.seek(place)
        file.write(b"\xff" if place % 256 != 255 else b"\0")
    assert digest(large) != before.digest


def test_a_folder_counts_with_the_names_of_its_pictures(make, tmp_path):
    folder = make.frames(tmp_path / "monday", make.movement(3))
    before = digest(folder)
    (folder / "002.png").rename(folder / "003.png")
    assert digest(folder) != before


@pytest.mark.parametrize(
    ("name", "seconds"),
    [
        ("gate_2026-05-01_09-30-00.250Z", 1777627800.25),
        ("20260501T093000", 1777627800.0),
        ("cam1_20260501_093000_main", 1777627800.0),
        ("gate", None),
        ("gate_2026-13-01_09-30-00", None),
        ("1234567890123456", None),
        ("cam_00010203_040506", None),
    ],
)
def test_names_tell_when_a_clip_was_begun(name, seconds):
    assert begun_at(name) == seconds
