"""The truth about a data set's test clips, looked up before anything is computed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import repeat
from typing import NamedTuple

import numpy as np

from edge_vad.errors import BadInput
from edge_vad.frame import CameraPicture, Frame
from edge_vad.motion.pace import FrameRateLimiter, Pace
from edge_vad.scoring.preparation import ask_for
from edge_vad_train.datasets import Clip, Dataset
from edge_vad_train.datasets.base import Mask
from edge_vad_train.evaluation.metrics.roc import Labels


class LabelledFrame(NamedTuple):
    """A frame of a clip with the truth.

    Attributes:
        frame: The frame.
        steps: Frame times of the scene since the one before; None where it follows no other.
        is_anomalous: What its label says.
        mask: Where it is anomalous; None where that is not known.
    """

    frame: Frame
    steps: float | None
    is_anomalous: bool
    mask: Mask | None


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

    def scored(
        self,
        fps: float,
        on_frame: Callable[[], None] = lambda: None,
        camera: CameraPicture | None = None,
    ) -> Iterator[LabelledFrame]:
        """The frames that a scene of this rate looks at.

        Args:
            fps: Frames a second of the scene.
            on_frame: Called after every frame of the clip.
            camera: The camera's own picture, where graphs take that.

        Raises:
            BadInput: A frame cannot be read, or the labels are of another clip.
        """
        known = self.clip.masks() if self.has_masks else None
        masks: Iterator[Mask | None] = known or repeat(None)
        limiter, pace, frames = FrameRateLimiter(fps), Pace(fps), 0
        # Strict: a frame that is left out would shift all labels after it.
        with self.clip.open(strict=True) as source:
            ask_for(source, camera)
            for frame in source:
                mask = next(masks, None)
                frames += 1
                on_frame()
                if frames <= len(self.labels) and limiter.takes(frame.time_s):
                    is_anomalous = bool(self.labels[frames - 1])
                    yield LabelledFrame(frame, pace.steps(frame), is_anomalous, mask)
        if frames != len(self.labels):
            raise BadInput(
                f"{self.clip.name} has {frames} frames and labels for {len(self.labels)}",
                "unpack the data set again; clips and truth do not belong together",
            )


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
