"""MATLAB's files, read and never executed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from edge_vad.errors import BadInput
from edge_vad_train.datasets.matlab import read_cell_array, read_label_file

Make = Callable[..., Path]


def _read(tmp_path: Path, text: str) -> dict[int, list[tuple[int, int]]]:
    path = tmp_path / "UCSDped1.m"
    path.write_bytes(text.encode("latin-1"))
    return read_label_file(path)


@pytest.mark.parametrize(
    ("written", "spans"),
    [
        ("[61:180]", [(61, 180)]),
        ("[5:90, 140:200]", [(5, 90), (140, 200)]),
        ("[5:90 140:200]", [(5, 90), (140, 200)]),
        ("[ 5 : 90 ,\t140: 200 ]", [(5, 90), (140, 200)]),
        ("[5:90, ...]".replace("...", "\n 140:200"), [(5, 90), (140, 200)]),
        ("[7]", [(7, 7)]),
        ("[7, 9:9 11]", [(7, 7), (9, 9), (11, 11)]),
        ("[]", []),
    ],
)
def test_spans_are_read_however_they_are_spaced(
    tmp_path: Path, written: str, spans: list[tuple[int, int]]
) -> None:
    assert _read(tmp_path, f"TestVideoFile{{end+1}}.gt_frame = {written};") == {1: spans}


@pytest.mark.parametrize(
    "written",
    [
        "TestVideoFile{end+1}.gt_frame=[1:2]",
        "\r\n  TestVideoFile { end + 1 } . gt_frame = [1:2] ;\r\n\r\n",
        "% a word before\nTestVideoFile = {};\nTestVideoFile{end+1}.gt_frame = [1:2]; % after",
        "TestVideoFile{1}.gt_frame = [1:2];",
        "% f\xfcr Anomalien\nTestVideoFile{end+1}.gt_frame = [1:2];",
    ],
)
def test_statements_are_read_however_they_are_spaced(tmp_path: Path, written: str) -> None:
    assert _read(tmp_path, written) == {1: [(1, 2)]}


def test_clips_are_numbered_in_their_order(tmp_path: Path) -> None:
    line = "TestVideoFile{{end+1}}.gt_frame = [{}:100];\n"
    text = "".join(line.format(first) for first in range(1, 37))
    assert _read(tmp_path, text) == {number: [(number, 100)] for number in range(1, 37)}


@pytest.mark.parametrize(
    "written",
    [
        "",
        "% only a comment",
        "TestVideoFile = {};",
        "system('rm -rf /')",
        "TestVideoFile{end+1}.gt_frame = [1:2]; delete('all')",
        "TestVideoFile{end+1}.gt_frame = [1:n];",
        "TestVideoFile{end+1}.gt_frame = [1:2:9];",
        "TestVideoFile{end+1}.gt_frame = [-1:9];",
        "TestVideoFile{end+1}.gt_frame = [0:9];",
        "TestVideoFile{end+1}.gt_frame = [9:1];",
        "TestVideoFile{end+1}.gt_frame = [1.5:9];",
        "TestVideoFile{end+1}.gt_frame = [1:9",
        "TestVideoFile{end+2}.gt_frame = [1:9];",
        "SomeOtherFile{end+1}.gt_frame = [1:9];",
    ],
)
def test_anything_else_in_a_label_file_is_refused(tmp_path: Path, written: str) -> None:
    with pytest.raises(BadInput, match=r"UCSDped1\.m holds"):
        _read(tmp_path, written)


def test_a_label_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        read_label_file(tmp_path)


def test_cells_come_in_order(tmp_path: Path, cells: Make) -> None:
    found = read_cell_array(cells(tmp_path / "1_label.mat", 5, range(2, 4)), "volLabel")
    assert [bool(cell.any()) for cell in found] == [False, True, True, False, False]


def test_version_7_3_is_refused_with_the_way_out(tmp_path: Path) -> None:
    path = tmp_path / "1_label.mat"
    head = b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\x00\x02IM"
    path.write_bytes(head.ljust(512, b"\0") + b"\x89HDF\r\n\x1a\n" + bytes(512))
    with pytest.raises(BadInput, match=r"version 7\.3: .*-v7"):
        read_cell_array(path, "volLabel")


@pytest.mark.parametrize("kept", [0.0, 0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99])
@pytest.mark.parametrize("is_packed", [False, True])
def test_a_matlab_file_cut_short_is_refused(tmp_path: Path, kept: float, is_packed: bool) -> None:
    cells = np.empty((1, 20), dtype=object)
    for index in range(20):
        cells[0, index] = np.random.default_rng(index).integers(0, 2, (24, 32), np.uint8)
    path = tmp_path / "1_label.mat"
    savemat(path, {"volLabel": cells}, do_compression=is_packed)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * kept)])
    with pytest.raises(BadInput):
        read_cell_array(path, "volLabel")


@pytest.mark.parametrize("content", [b"no MATLAB file at all" * 20, bytes(4000), b"\xff" * 4000])
def test_a_file_of_another_kind_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "1_label.mat"
    path.write_bytes(content)
    with pytest.raises(BadInput):
        read_cell_array(path, "volLabel")


def test_a_matlab_file_without_the_cell_array_is_refused(tmp_path: Path, cells: Make) -> None:
    other = cells(tmp_path / "1_label.mat", 3, range(0), name="other")
    with pytest.raises(BadInput, match="no cell array volLabel"):
        read_cell_array(other, "volLabel")
    savemat(tmp_path / "2_label.mat", {"volLabel": np.zeros((3, 24, 32))})
    with pytest.raises(BadInput, match="no cell array volLabel"):
        read_cell_array(tmp_path / "2_label.mat", "volLabel")
