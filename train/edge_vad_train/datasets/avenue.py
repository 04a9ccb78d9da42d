"""The CUHK Avenue data set (Lu et al., ICCV 2013)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edge_vad.errors import BadInput
from edge_vad_train.datasets.base import (
    Dataset,
    Mask,
    checked_masks,
    find_layout,
    refuse_unequal,
)
from edge_vad_train.datasets.matlab import read_cell_array
from edge_vad_train.datasets.video import VideoClip

LAYOUT = ("training_videos", "testing_videos")
_MASKS = Path("ground_truth_demo", "testing_label_mask")


@dataclass(frozen=True, kw_only=True)
class AvenueClip(VideoClip):
    """One video and the MATLAB file with its masks.

    Attributes:
        mask_file: A cell array `volLabel` with one mask a frame.
    """

    mask_file: Path | None = None

    def masks(self) -> Iterator[Mask] | None:
        """Read the masks; a clip's masks are all in memory while they are handed out."""
        if self.mask_file is None:
            return None
        masks = [cell > 0 for cell in read_cell_array(self.mask_file, "volLabel")]
        with self.open() as source:
            # The container's count may be an estimate; only where it differs is it worth decoding.
            if source.length != len(masks):
                refuse_unequal(self.name, len(masks), sum(1 for _ in source))
        return checked_masks(self, masks)


def open_avenue(root: Path) -> Dataset:
    """Open Avenue; the masks may lie in its folder or beside it.

    Args:
        root: The folder that holds `training_videos` and `testing_videos`, or its parent.

    Raises:
        BadInput: There are no such folders, or no videos in them.
        WrongUse: Several folders in `root` hold them.
    """
    home = find_layout(root, LAYOUT)
    places = (home / _MASKS, home.absolute().parent / _MASKS)
    masks = next((place for place in places if place.is_dir()), None)
    train, test = (_videos(home / part) for part in LAYOUT)
    if not train and not test:
        raise BadInput(f"{home} holds no videos such as 01.avi", "unpack the data set again")
    return Dataset(
        "Avenue",
        tuple(VideoClip(name=f"train_{video.stem}", spec=video) for video in train),
        tuple(_test_clip(video, masks) for video in test),
    )


def _test_clip(video: Path, masks: Path | None) -> AvenueClip:
    file = masks / f"{int(video.stem)}_label.mat" if masks else None
    return AvenueClip(
        name=f"test_{video.stem}",
        spec=video,
        mask_file=file if file and file.is_file() else None,
    )


def _videos(folder: Path) -> list[Path]:
    found = [each for each in folder.glob("*.avi") if each.stem.isdecimal()]
    return sorted(found, key=lambda video: int(video.stem))
