"""The truth about a data set's test clips, looked up before anything is computed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from edge_vad.errors import BadInput
from edge_vad_train.datasets import Clip, Dataset
from edge_vad_train.datasets.base import Mask
from edge_vad_train.evaluation.metrics.roc import Labels


@dataclass(frozen=True)
class LabelledClip:
    """A clip whose anomalous frames are known.

    Attributes:
        clip: The clip.
        labels: bool, (frames,), True where the frame is anomalous.
        has_masks: Whether masks were asked for and are there.
    """

    clip: Clip
    labels: Labels
    has_masks: bool

    def masks(self) -> Iterator[Mask] | None:
        """One mask a frame, or None."""
        return self.clip.masks() if self.has_masks else None


@dataclass(frozen=True)
class Truth:
    """The test clips that can be measured.

    Attributes:
        dataset: The data set's name.
        clips: Those with labels.
        left_out: Names of those without.
    """

    dataset: str
    clips: tuple[LabelledClip, ...]
    left_out: tuple[str, ...]

    @property
    def frames(self) -> int:
        """How many frames there are to be scored."""
        return sum(len(clip.labels) for clip in self.clips)


def gather_truth(dataset: Dataset, *, masks: bool = False) -> Truth:
    """Look up the labels of the test clips.

    Args:
        dataset: The data set.
        masks: Whether it shall also be measured where the anomalies are.

    Raises:
        BadInput: There are no labels, or no masks where they are asked for; or they do not hold
            both normal and anomalous frames; or the truth is broken.
    """
    labels = {clip.name: clip.frame_labels() for clip in dataset.test}
    clips = tuple(
        LabelledClip(clip, known, masks and clip.masks() is not None)
        for clip in dataset.test
        if (known := labels[clip.name]) is not None
    )
    _refuse_one_sided(dataset.name, "labels", [clip.labels for clip in clips])
    if masks:
        _refuse_one_sided(dataset.name, "masks", [clip.labels for clip in clips if clip.has_masks])
    left_out = tuple(name for name, known in labels.items() if known is None)
    return Truth(dataset.name, clips, left_out)


def _refuse_one_sided(dataset: str, what: str, labels: list[Labels]) -> None:
    if not labels:
        raise BadInput(
            f"{dataset} has no test clips with {what}",
            "give a data set with the truth: --format ucsd or avenue with its ground truth, "
            "or synthetic",
        )
    pooled = np.concatenate(labels)
    if pooled.all() or not pooled.any():
        side = "anomalous" if pooled.all() else "normal"
        raise BadInput(
            f"every frame of {dataset} that has {what} is {side}",
            "give test clips with both normal and anomalous frames",
        )
