"""The interface of every data set: clips to train on, and clips with labels."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_vad.errors import BadInput, WrongUse
from edge_vad.sources import Source

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Clip(ABC):
    """One recording with its truth, if it has one; nothing is read before it is asked for.

    Attributes:
        name: Unique within the training or the test clips, and safe as a folder name.
        kind: The kind of anomaly, where it is known.
    """

    name: str
    kind: str | None = None

    @abstractmethod
    def open(self, *, strict: bool = False) -> Source:
        """Open the frames.

        Args:
            strict: Raise at the first picture that cannot be read, instead of skipping it.
        """

    def extent(self) -> tuple[int | None, float]:
        """How many frames it has, where that is known, and how many a second."""
        with self.open() as source:
            return source.length, source.fps

    def picture_size(self) -> tuple[int, int]:
        """Height and width of its frames, px."""
        with self.open() as source:
            height, width = next(iter(source)).image.shape[:2]
            return height, width

    def frame_labels(self) -> Mask | None:
        """Which frames are anomalous: by default those with an anomalous pixel in their mask.

        Returns:
            bool, (frames,), True where the frame is anomalous; None where that is not known.

        Raises:
            BadInput: The truth is broken or does not fit the frames.
        """
        masks = self.masks()
        return None if masks is None else np.fromiter((each.any() for each in masks), np.bool_)

    def masks(self) -> Iterator[Mask] | None:
        """Where each frame is anomalous.

        Returns:
            One mask a frame, bool, (height, width), True on an anomaly; None where that is not
            known.

        Raises:
            BadInput: The masks are broken or do not fit the frames.
        """
        return None


@dataclass(frozen=True)
class Dataset:
    """Recordings of one scene.

    Attributes:
        name: Short, for reports.
        train: Clips of ordinary life alone.
        test: Clips with anomalies, and mostly with the truth.
    """

    name: str
    train: tuple[Clip, ...]
    test: tuple[Clip, ...] = ()


def find_layout(root: Path, parts: tuple[str, ...]) -> Path:
    """Find the one folder that holds all the named subfolders: `root` itself or a child of it.

    Raises:
        BadInput: There is no such folder.
        WrongUse: Several children are such folders.
    """
    if holds(root, parts):
        return root
    children = sorted(each for each in root.glob("*") if holds(each, parts))
    if len(children) == 1:
        return children[0]
    if children:
        names = ", ".join(each.name for each in children)
        raise WrongUse(f"{root} holds several data sets: {names}", "name the folder of one of them")
    raise BadInput(
        f"neither {root} nor a folder in it holds {' and '.join(parts)}",
        "give the folder as it comes out of the data set's archive",
    )


def holds(folder: Path, parts: tuple[str, ...]) -> bool:
    """Whether all the named subfolders are there."""
    return all((folder / part).is_dir() for part in parts)


def refuse_unequal(clip: str, masks: int, frames: int) -> None:
    """See to it that there is one mask a frame.

    Raises:
        BadInput: There is not.
    """
    if masks != frames:
        raise BadInput(
            f"{clip} has {masks} masks for {frames} frames",
            "unpack the data set again; it takes exactly one mask a frame",
        )


def checked_masks(clip: Clip, masks: Iterable[Mask]) -> Iterator[Mask]:
    """The masks of a clip, each of which covers its frame.

    Raises:
        BadInput: One does not.
    """
    size = clip.picture_size()
    for index, mask in enumerate(masks):
        if mask.shape != size:
            shape = "x".join(str(extent) for extent in mask.shape[::-1])
            raise BadInput(
                f"the mask of frame {index} of {clip.name} is {shape}, "
                f"its frames are {size[1]}x{size[0]}",
                "resize frames and masks alike, or unpack the data set again",
            )
        yield mask
