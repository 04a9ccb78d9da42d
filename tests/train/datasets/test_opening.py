"""One way into every data set, and the two formats without a layout."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_vad.errors import WrongUse
from edge_vad.sources.schemes import Scheme
from edge_vad_train.datasets import open_dataset

Make = Callable[..., Path]


def test_one_recording_is_one_training_clip(tmp_path: Path, video: Make) -> None:
    data = open_dataset(str(video(tmp_path / "street.avi", 4)), "video")
    assert (data.name, data.test) == ("street", ())
    (clip,) = data.train
    assert clip.name == "street"
    assert clip.frame_labels() is None
    assert clip.masks() is None
    with clip.open() as source:
        assert len(list(source)) == 4


def test_several_recordings_of_all_kinds_are_training_clips(
    tmp_path: Path, video: Make, folder: Make
) -> None:
    street = video(tmp_path / "street.avi", 4)
    clip = folder(tmp_path / "clip", 3)
    data = open_dataset([f"{street}:1-3", clip, "test://street?seed=1"], "video")
    assert [clip.name for clip in data.train] == ["street_1-3", "clip", "street"]
    assert [frame.index for frame in data.train[0].open()] == [1, 2]


def test_clips_of_one_name_are_told_apart(tmp_path: Path, video: Make) -> None:
    specs = [video(tmp_path / day / "street.avi", 2) for day in ("monday", "tuesday", "sunday")]
    names = [clip.name for clip in open_dataset(specs, "video").train]
    assert names == ["street", "street_2", "street_3"]


def test_footage_that_does_not_exist_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="does not exist"):
        open_dataset(tmp_path / "gone.mp4")
    with pytest.raises(WrongUse, match="no footage"):
        open_dataset([], "video")


def test_the_layout_of_a_folder_tells_its_format(tmp_path: Path, video: Make, folder: Make) -> None:
    ped, avenue = tmp_path / "ped", tmp_path / "avenue"
    folder(ped / "Train" / "Train001", 2)
    (ped / "Test").mkdir()
    video(avenue / "training_videos" / "01.avi", 2)
    (avenue / "testing_videos").mkdir()
    assert [clip.name for clip in open_dataset(ped).train] == ["Train001"]
    assert [clip.name for clip in open_dataset(avenue).train] == ["train_01"]
    assert [clip.name for clip in open_dataset(ped / "Train" / "Train001").train] == ["Train001"]


def test_an_unknown_format_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="auto, video, ucsd, avenue, synthetic"):
        open_dataset(tmp_path, "shanghai")


@pytest.mark.parametrize("format", ["ucsd", "avenue", "synthetic"])
def test_a_data_set_is_one_place(tmp_path: Path, format: str) -> None:  # noqa: A002
    with pytest.raises(WrongUse, match="one place, not 2"):
        open_dataset([tmp_path, tmp_path], format)


@pytest.fixture
def street(monkeypatch: pytest.MonkeyPatch) -> None:
    """A street of two kinds of anomalies, three frames each, the last one anomalous."""
    fake = ModuleType("edge_vad_street")

    def street_truth(url: str) -> Iterator[NDArray[np.bool_]]:
        for index in range(3):
            yield np.full((4, 6), index == 2)

    words = {
        "street_suite": lambda url: [
            (kind, f"{url}&anomaly={kind}") for kind in ("runner", "vehicle")
        ],
        "normal_url": lambda url: f"{url}&frames=900",
        "street_truth": street_truth,
        "SCHEME": Scheme(open=lambda url: f"the street {url}", is_realtime=lambda url: False),
    }
    for word, does in words.items():
        monkeypatch.setattr(fake, word, does, raising=False)
    monkeypatch.setitem(sys.modules, "edge_vad_street", fake)


@pytest.mark.usefixtures("street")
def test_a_synthetic_data_set_has_normal_footage_and_every_kind_of_anomaly() -> None:
    data = open_dataset("test://street?seed=1", "synthetic")
    (normal,) = data.train
    assert str(normal.open()) == "the street test://street?seed=1&frames=900"
    assert normal.masks() is None
    assert normal.frame_labels() is None
    assert [clip.name for clip in data.test] == ["01_runner", "02_vehicle"]
    assert [clip.kind for clip in data.test] == ["runner", "vehicle"]
    assert str(data.test[1].open()) == "the street test://street?seed=1&anomaly=vehicle"


@pytest.mark.usefixtures("street")
def test_synthetic_truth_is_one_mask_a_frame_and_labels_follow_it() -> None:
    for clip in open_dataset("test://street?seed=1", "synthetic").test:
        masks, labels = clip.masks(), clip.frame_labels()
        assert masks is not None
        assert [mask.shape for mask in masks] == [(4, 6)] * 3
        assert labels is not None
        assert labels.tolist() == [False, False, True]


def test_synthetic_takes_an_address_of_the_street(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="test://street"):
        open_dataset(tmp_path, "synthetic")
