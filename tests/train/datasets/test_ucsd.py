"""UCSD Ped1 and Ped2 with every trap of the official archive."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edge_vad.errors import BadInput, WrongUse
from edge_vad_train.datasets import Clip, open_dataset

Make = Callable[..., Path]
LABELS = """% TestVideoFile stores the ground truth of the clips
TestVideoFile = {};
TestVideoFile{end+1}.gt_frame = [3:5];
TestVideoFile{end+1}.gt_frame = [1:2, 7:8];
TestVideoFile{end+1}.gt_frame = [4:8];
"""


@pytest.fixture
def ped(tmp_path: Path, folder: Make, masks: Make) -> Path:
    """Three test clips of eight frames: masks of both namings, and one clip without masks."""
    home = tmp_path / "UCSDped1"
    for number in (1, 2, 10):
        folder(home / "Train" / f"Train{number:03d}", 5)
    for number in (1, 2, 3):
        folder(home / "Test" / f"Test{number:03d}", 8)
    masks(home / "Test" / "Test001_gt", 8, range(4, 6))
    masks(home / "Test" / "Test003_gt", 8, range(4, 9), name="frame{:03d}.bmp")
    (home / "Test" / "UCSDped1.m").write_text(LABELS)
    return home


def _anomalous(clip: Clip) -> list[int]:
    """Which frames are anomalous, counted from 1."""
    labels = clip.frame_labels()
    assert labels is not None
    assert labels.dtype == np.bool_
    assert len(labels) == 8
    return [int(index) + 1 for index in np.flatnonzero(labels)]


def test_clips_are_found_in_order_and_mask_folders_are_no_clips(ped: Path) -> None:
    data = open_dataset(str(ped), "ucsd")
    assert data.name == "UCSDped1"
    assert [clip.name for clip in data.train] == ["Train001", "Train002", "Train010"]
    assert [clip.name for clip in data.test] == ["Test001", "Test002", "Test003"]
    with data.test[0].open() as source:
        assert [frame.index for frame in source] == list(range(8))


def test_training_clips_have_no_truth(ped: Path) -> None:
    clip = open_dataset(ped, "ucsd").train[0]
    assert clip.frame_labels() is None
    assert clip.masks() is None
    assert clip.kind is None


def test_masks_count_more_than_the_label_file(ped: Path) -> None:
    assert _anomalous(open_dataset(ped, "ucsd").test[0]) == [4, 5]


def test_a_clip_without_masks_has_its_labels_from_the_label_file(ped: Path) -> None:
    clip = open_dataset(ped, "ucsd").test[1]
    assert clip.masks() is None
    assert _anomalous(clip) == [1, 2, 7, 8]


def test_masks_of_either_naming_come_one_a_frame(ped: Path) -> None:
    for clip in open_dataset(ped, "ucsd").test[::2]:
        masks = clip.masks()
        assert masks is not None
        found = list(masks)
        assert len(found) == 8
        assert all(mask.shape == (24, 32) and mask.dtype == np.bool_ for mask in found)
        assert found[4][3, 5]
        assert found[4].sum() == 3 * 6


def test_without_masks_and_label_file_there_is_no_truth(ped: Path) -> None:
    (ped / "Test" / "UCSDped1.m").unlink()
    clip = open_dataset(ped, "ucsd").test[1]
    assert clip.frame_labels() is None
    assert clip.masks() is None


def test_labels_go_by_a_clips_number_where_clips_are_missing(ped: Path) -> None:
    (ped / "Test" / "Test001").rename(ped / "Test" / "elsewhere")
    assert _anomalous(open_dataset(ped, "ucsd").test[0]) == [1, 2, 7, 8]


def test_what_macos_and_matlab_leave_behind_is_ignored(ped: Path) -> None:
    test = ped / "Test"
    for place in (ped, test, test / "Test001", test / "Test001_gt", test / "Test002"):
        for litter in (".DS_Store", "._001.tif", "._001.bmp", "UCSDped1.m~", "notes.m~"):
            (place / litter).write_bytes(b"litter")
    (test / "._UCSDped1.m").write_bytes(b"litter")
    (test / "._Test002").mkdir()
    data = open_dataset(ped, "ucsd")
    assert [clip.name for clip in data.test] == ["Test001", "Test002", "Test003"]
    assert [clip.open().length for clip in data.test] == [8, 8, 8]
    assert _anomalous(data.test[0]) == [4, 5]
    assert _anomalous(data.test[1]) == [1, 2, 7, 8]


def test_frames_may_be_stored_as_jpg(tmp_path: Path, folder: Make) -> None:
    folder(tmp_path / "Train" / "Train001", 3, name="{:03d}.jpg")
    (tmp_path / "Test").mkdir()
    assert len(list(open_dataset(tmp_path, "ucsd").train[0].open())) == 3


def test_the_parent_of_the_one_data_set_will_do(ped: Path) -> None:
    assert open_dataset(ped.parent, "ucsd") == open_dataset(ped, "ucsd")


def test_the_parent_of_several_data_sets_is_refused_with_their_names(ped: Path) -> None:
    for part in ("Train", "Test"):
        (ped.parent / "UCSDped2" / part).mkdir(parents=True)
    with pytest.raises(WrongUse, match="UCSDped1, UCSDped2"):
        open_dataset(ped.parent, "ucsd")


def test_a_folder_of_another_layout_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="holds Train and Test"):
        open_dataset(tmp_path, "ucsd")
    with pytest.raises(BadInput, match="holds Train and Test"):
        open_dataset(tmp_path / "gone", "ucsd")


def test_a_layout_without_clips_is_refused(tmp_path: Path) -> None:
    for part in ("Train", "Test"):
        (tmp_path / part).mkdir()
    with pytest.raises(BadInput, match="holds no clips"):
        open_dataset(tmp_path, "ucsd")


@pytest.mark.parametrize("missing", [1, 8])
def test_a_missing_mask_is_refused_with_the_clips_name(ped: Path, missing: int) -> None:
    (ped / "Test" / "Test001_gt" / f"{missing:03d}.bmp").unlink()
    clip = open_dataset(ped, "ucsd").test[0]
    for read in (clip.masks, clip.frame_labels):
        with pytest.raises(BadInput, match="Test001 has 7 masks for 8 frames"):
            read()


def test_a_mask_of_another_size_is_refused_with_both_sizes(ped: Path, masks: Make) -> None:
    masks(ped / "Test" / "Test002_gt", 8, range(0), size=(12, 16))
    with pytest.raises(BadInput, match=r"frame 0 of Test002 is 16x12, its frames are 32x24"):
        open_dataset(ped, "ucsd").test[1].frame_labels()


def test_a_mask_that_cannot_be_read_is_refused_with_its_name(ped: Path) -> None:
    (ped / "Test" / "Test001_gt" / "006.bmp").write_bytes(b"BM")
    with pytest.raises(BadInput, match=r"006\.bmp of Test001 cannot be read"):
        open_dataset(ped, "ucsd").test[0].frame_labels()


def test_labels_beyond_the_last_frame_are_refused(ped: Path) -> None:
    (ped / "Test" / "UCSDped1.m").write_text(LABELS.replace("7:8", "7:9"))
    with pytest.raises(BadInput, match="labels frame 9 of Test002, which has 8 frames"):
        open_dataset(ped, "ucsd").test[1].frame_labels()


def test_a_clip_that_the_label_file_leaves_out_is_refused(ped: Path) -> None:
    (ped / "Test" / "UCSDped1.m").write_text("TestVideoFile{1}.gt_frame = [1:2];")
    with pytest.raises(BadInput, match="says nothing about Test002"):
        open_dataset(ped, "ucsd").test[1].frame_labels()


def test_opening_reads_no_frames_and_no_labels(ped: Path) -> None:
    (ped / "Test" / "UCSDped1.m").write_text("nonsense")
    for frame in ped.rglob("*.tif"):
        frame.write_bytes(b"")
    assert len(open_dataset(ped, "ucsd").test) == 3


def test_strict_reading_reaches_the_frames(ped: Path) -> None:
    (ped / "Test" / "Test001" / "002.tif").write_bytes(b"broken")
    clip = open_dataset(ped, "ucsd").test[0]
    assert len(list(clip.open())) == 7
    with pytest.raises(BadInput, match=r"002\.tif"):
        list(clip.open(strict=True))
