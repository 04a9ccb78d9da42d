"""The UCSD pedestrian data sets Ped1 and Ped2 (Mahadevan et al., CVPR 2010)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge_vad.errors import BadInput
from edge_vad.sources.decoding.pictures import read_grey
from edge_vad.sources.recordings.folder import list_frames
from edge_vad_train.datasets.base import (
    Dataset,
    Mask,
    checked_masks,
    find_layout,
    refuse_unequal,
)
from edge_vad_train.datasets.matlab import FrameSpan, read_label_file
from edge_vad_train.datasets.video import VideoClip

LAYOUT = ("Train", "Test")


@dataclass(frozen=True, kw_only=True)
class UcsdClip(VideoClip):
    """One folder of frames, its folder of masks and the file that labels all test clips.

    Attributes:
        mask_folder: The masks; Ped1 has them for ten clips only.
        label_file: Consulted where there are no masks.
    """

    spec: Path
    fps: float = 10.0
    mask_folder: Path | None = None
    label_file: Path | None = None

    def frame_labels(self) -> Mask | None:
        """Which frames are anomalous, by the masks or else by the label file."""
        labels = super().frame_labels()
        if labels is not None or self.label_file is None:
            return labels
        spans = read_label_file(self.label_file).get(_number(self.name))
        if spans is None:
            raise BadInput(
                f"{self.label_file.name} says nothing about {self.name}",
                "unpack the data set again; clips and labels do not belong together",
            )
        return self._spread(spans, self.label_file)

    def masks(self) -> Iterator[Mask] | None:
        """Read the masks, if the clip has any."""
        if self.mask_folder is None:
            return None
        files = list_frames(self.mask_folder)
        refuse_unequal(self.name, len(files), len(list_frames(self.spec)))
        return checked_masks(self, map(self._read_mask, files))

    def _read_mask(self, file: Path) -> Mask:
        picture = read_grey(file)
        if picture is None:
            raise BadInput(
                f"the mask {file.name} of {self.name} cannot be read", "unpack the data set again"
            )
        return picture > 0

    def _spread(self, spans: list[FrameSpan], label_file: Path) -> Mask:
        labels = np.zeros(len(list_frames(self.spec)), dtype=np.bool_)
        for first, last in spans:
            if last > len(labels):
                raise BadInput(
                    f"{label_file.name} labels frame {last} of {self.name}, "
                    f"which has {len(labels)} frames",
                    "unpack the data set again; clip and labels do not belong together",
                )
            labels[first - 1 : last] = True
        return labels


def open_ucsd(root: Path) -> Dataset:
    """Open Ped1 or Ped2 as the archive holds it, or a part of it.

    Args:
        root: The folder that holds `Train` and `Test`, or its parent.

    Raises:
        BadInput: There are no such folders, or no clips in them.
        WrongUse: Several folders in `root` hold them.
    """
    home = find_layout(root, LAYOUT)
    label_file = next(iter(sorted((home / "Test").glob("UCSDped[12].m"))), None)
    train = tuple(UcsdClip(name=folder.name, spec=folder) for folder in _clips(home / "Train"))
    test = tuple(_test_clip(folder, label_file) for folder in _clips(home / "Test"))
    if not train and not test:
        raise BadInput(
            f"{home} holds no clips such as Train001 or Test001", "unpack the data set again"
        )
    return Dataset(home.resolve().name, train, test)


def _test_clip(folder: Path, label_file: Path | None) -> UcsdClip:
    masks = folder.with_name(f"{folder.name}_gt")
    return UcsdClip(
        name=folder.name,
        spec=folder,
        mask_folder=masks if masks.is_dir() else None,
        label_file=label_file,
    )


def _clips(folder: Path) -> list[Path]:
    pattern = re.compile(rf"{folder.name}[0-9]+")
    found = [each for each in folder.iterdir() if pattern.fullmatch(each.name) and each.is_dir()]
    return sorted(found, key=lambda clip: _number(clip.name))


def _number(clip: str) -> int:
    return int(clip.removeprefix("Train").removeprefix("Test"))
