"""CUHK Avenue."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edge_vad.errors import BadInput
from edge_vad_train.datasets import open_dataset

Make = Callable[..., Path]
MASKS = Path("ground_truth_demo", "testing_label_mask")


@pytest.fixture
def avenue(tmp_path: Path, video: Make, cells: Make) -> Path:
    """Two training videos, and three test videos of which the last has no masks."""
    home = tmp_path / "Avenue Dataset"
    for number in (1, 2):
        video(home / "training_videos" / f"{number:02d}.avi", 5)
    for number in (1, 2, 10):
        video(home / "testing_videos" / f"{number:02d}.avi", 9)
    for number in (1, 2):
        cells(home / MASKS / f"{number}_label.mat", 9, range(3, 6))
    return home


def test_videos_are_found_in_order(avenue: Path) -> None:
    (avenue / "training_videos" / "._01.avi").touch()
    data = open_dataset(avenue, "avenue")
    assert data.name == "Avenue"
    assert [clip.name for clip in data.train] == ["train_01", "train_02"]
    assert [clip.name for clip in data.test] == ["test_01", "test_02", "test_10"]
    with data.test[0].open() as source:
        assert len(list(source)) == 9


def test_masks_come_one_a_frame_and_make_the_labels(avenue: Path) -> None:
    for clip in open_dataset(avenue, "avenue").test[:2]:
        masks, labels = clip.masks(), clip.frame_labels()
        assert masks is not None
        assert labels is not None
        assert [mask.any() for mask in masks] == list(labels)
        assert list(np.flatnonzero(labels)) == [2, 3, 4]


def test_clips_without_masks_have_no_truth(avenue: Path) -> None:
    data = open_dataset(avenue, "avenue")
    for clip in (*data.train, data.test[2]):
        assert clip.masks() is None
        assert clip.frame_labels() is None


def test_masks_may_lie_beside_the_videos_folder(avenue: Path) -> None:
    (avenue / "ground_truth_demo").rename(avenue.parent / "ground_truth_demo")
    for root in (avenue, avenue.parent):
        assert open_dataset(root, "avenue").test[0].masks() is not None


def test_too_few_masks_are_refused_with_the_clips_name(avenue: Path, cells: Make) -> None:
    cells(avenue / MASKS / "1_label.mat", 8, range(0))
    with pytest.raises(BadInput, match="test_01 has 8 masks for 9 frames"):
        open_dataset(avenue, "avenue").test[0].frame_labels()


def test_masks_of_another_size_are_refused_with_both_sizes(avenue: Path, cells: Make) -> None:
    cells(avenue / MASKS / "1_label.mat", 9, range(0), size=(12, 16))
    with pytest.raises(BadInput, match="test_01 is 16x12, its frames are 32x24"):
        open_dataset(avenue, "avenue").test[0].frame_labels()


def test_a_folder_of_another_layout_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="training_videos and testing_videos"):
        open_dataset(tmp_path, "avenue")


def test_a_layout_without_videos_is_refused(tmp_path: Path) -> None:
    for part in ("training_videos", "testing_videos"):
        (tmp_path / part).mkdir()
    with pytest.raises(BadInput, match="holds no videos"):
        open_dataset(tmp_path, "avenue")
