"""Files that are found whole or not at all."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from edge_vad.files import atomic


def test_a_file_is_whole_whoever_writes_it_too(tmp_path: Path) -> None:
    path = tmp_path / "scene.onnx"
    contents = [bytes([letter]) * 100_000 for letter in b"abcd"]
    writers = [
        threading.Thread(target=atomic.write_whole, args=(path, content))
        for content in contents * 10
    ]
    for each in writers:
        each.start()
    while any(each.is_alive() for each in writers):
        if path.exists():
            assert path.read_bytes() in contents
    for each in writers:
        each.join()
    assert list(tmp_path.iterdir()) == [path]


def test_where_there_is_no_room_the_earlier_file_stays(tmp_path: Path, monkeypatch) -> None:
    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    path = tmp_path / "scene.onnx"
    path.write_bytes(b"earlier")
    monkeypatch.setattr(atomic.os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        atomic.write_whole(path, b"later")
    assert path.read_bytes() == b"earlier"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_takes_files_is_left_as_it_was(tmp_path: Path) -> None:
    atomic.demand_writable(tmp_path)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(OSError, match="No such file"):
        atomic.demand_writable(tmp_path / "missing")


def test_only_one_is_in_a_folder_at_a_time(tmp_path: Path) -> None:
    inside, most = 0, 0

    def work() -> None:
        nonlocal inside, most
        with atomic.alone_in(tmp_path):
            inside += 1
            most = max(most, inside)
            time.sleep(0.01)
            inside -= 1

    workers = [threading.Thread(target=work) for _ in range(5)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    assert most == 1
