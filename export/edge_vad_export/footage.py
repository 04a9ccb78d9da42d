"""Frames of footage as the detector would give them to the graph."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from edge_vad.backends import Backend, Inputs, Maps
from edge_vad.detector import Detector
from edge_vad.errors import BadInput
from edge_vad.frame import Frame
from edge_vad.scene_model import SceneModel
from edge_vad.sources import Source

if TYPE_CHECKING:
    from edge_vad_train.datasets import Clip
    from edge_vad_train.evaluation.truth import Truth


class Seen(NamedTuple):
    """One frame, prepared.

    Attributes:
        inputs: Those of the graph, for this one frame; reused by the next.
        has_motion: False for the first frame, and the first after a gap, which is not scored.
        anomalous: What the labels say of it; None without labels.
    """

    inputs: Inputs
    has_motion: bool = True
    anomalous: bool | None = None


def watch(model: SceneModel, frames: Iterable[Frame]) -> Iterator[Seen]:
    """Prepare frames as the detector does, by the detector itself.

    Raises:
        BadInput: A frame's shape is not that of the scene's camera.
    """
    listener = _Listener(model)
    detector = Detector(model, listener)
    expected = -1
    for frame in frames:
        has_motion = frame.index == expected
        if not has_motion:
            detector.reset()
        expected = frame.index + 1
        detector.detect(frame)
        yield Seen(listener.inputs, has_motion)


def watch_places(model: SceneModel, places: Sequence[str], most: int) -> Iterator[Seen]:
    """Prepare frames from all over ordinary footage.

    Args:
        model: The scene model, for the size of its frames and its motion.
        places: Sources of frames, or the folder of a data set, whose training clips are taken.
        most: About as many frames are taken; footage that is shorter is taken whole.

    Raises:
        WrongUse: There is no such source.
        BadInput: The footage cannot be read, or is of another shape.
    """
    clips = _ordinary_clips(places)
    stretch = model.card.motion.window + 1
    for clip in clips:
        with clip.open() as source:
            yield from watch(model, spread(source, stretch, max(stretch, most // len(clips))))


def watch_labelled(model: SceneModel, truth: Truth) -> Iterator[Seen]:
    """Prepare every frame of a data set's labelled clips.

    Raises:
        BadInput: A frame cannot be read or is of another shape, or the labels are of other clips.
    """
    for clip in truth.clips:
        # Strict: a frame that is left out would shift all labels after it.
        with clip.clip.open(strict=True) as source:
            count = 0
            for seen, anomalous in zip(watch(model, source), clip.labels, strict=False):
                yield seen._replace(anomalous=bool(anomalous))
                count += 1
        if count != len(clip.labels) or source.length not in (None, count):
            raise BadInput(
                f"{clip.clip.name} has not one label for each of its frames",
                "unpack the data set again; clips and truth do not belong together",
            )


def spread(source: Source, stretch: int, most: int) -> Iterator[Frame]:
    """Short stretches of consecutive frames from all over long footage; all of it if it is short.

    Args:
        source: The footage; of one of unknown length only the beginning can be had.
        stretch: Frames in a row, so that motion is known in the last of them.
        most: About as many frames are handed out.
    """
    if source.length is None:
        for _, frame in zip(range(most), source, strict=False):
            yield frame
        return
    period = 1 if source.length <= most else stretch * -(-source.length // most)
    for count, frame in enumerate(source):
        if count % period < stretch:
            yield frame


def copied(inputs: Inputs) -> Inputs:
    """Inputs of their own, as those of the detector are reused."""
    return Inputs._make(values.copy() for values in inputs)


def _ordinary_clips(places: Sequence[str]) -> Sequence[Clip]:
    from edge_vad_train.datasets import open_dataset

    return open_dataset(list(places)).train


class _Listener(Backend):
    """A backend that computes nothing and remembers what it was given."""

    name, device = "listener", "none"
    inputs: Inputs

    def __init__(self, model: SceneModel) -> None:
        grid = model.card.grid
        self._nothing = Maps(
            np.zeros((1, grid.rows, grid.columns), np.float32), np.zeros(1, np.float32)
        )

    def infer(self, inputs: Inputs) -> Maps:
        """Remember a batch."""
        self.inputs = inputs
        return self._nothing
