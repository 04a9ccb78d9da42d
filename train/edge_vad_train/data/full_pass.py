"""Reads every frame of the footage once more, also those that are not kept: for thresholds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from edge_vad.motion.extractor import MotionSettings
from edge_vad_train.data.clip_reader import ClipReader, ReadFrame
from edge_vad_train.data.footage import BATCH, Footage, Segment
from edge_vad_train.datasets import Clip


class FrameBatch(NamedTuple):
    """Frames in a row, some at a time.

    Attributes:
        frames: uint8, (n, height, width, 3).
        motion: float32, (n, channels, height', width').
        fold: Which fold they belong to.
        begins: Whether they do not follow those before.
    """

    frames: Tensor
    motion: Tensor
    fold: int
    begins: bool


ReadBatches = Callable[[Callable[[int], None]], Iterator[FrameBatch]]
"""Reads some of the footage; called with what is told of the number of frames read."""


def read_every_frame(
    clips: Sequence[Clip], footage: Footage, motion: MotionSettings
) -> list[ReadBatches]:
    """All the footage, but for frames without motion: what is kept, or else every clip anew.

    Args:
        clips: That `footage` was prepared from.
        footage: What is kept of them.
        motion: Settings of the motion input.

    Returns:
        What reads them, for pieces of work that do not depend on one another.
    """
    if footage.is_whole:
        return [partial(_replay, run) for run in _runs(footage.segments)]
    readers = [
        ClipReader(number, clip, len(clips), footage.settings, motion)
        for number, clip in enumerate(clips)
        if clip.name not in footage.too_short
    ]
    return [partial(_scan, reader) for reader in readers]


def _runs(segments: Sequence[Segment]) -> list[list[Segment]]:
    """Segments that follow one another."""
    runs: list[list[Segment]] = []
    for segment in segments:
        if not segment.has_motion:
            runs.append([])
        runs[-1].append(segment)
    return runs


def _replay(run: Sequence[Segment], progress: Callable[[int], None]) -> Iterator[FrameBatch]:
    begins = True
    for segment in run:
        progress(len(segment))
        for frames, motion in segment.batches():
            yield FrameBatch(frames, motion, segment.fold, begins)
            begins = False


def _scan(reader: ClipReader, progress: Callable[[int], None]) -> Iterator[FrameBatch]:
    batch: list[ReadFrame] = []
    begins = True
    for read in reader.read(progress, whole=True):
        is_full = len(batch) == BATCH or not read.has_motion
        if batch and (is_full or read.fold != batch[0].fold):
            yield _stacked(batch, begins)
            batch, begins = [], False
        begins = begins or not read.has_motion
        if read.has_motion:
            batch.append(read._replace(image=read.image.copy(), motion=read.motion.copy()))
    if batch:
        yield _stacked(batch, begins)


def _stacked(batch: Sequence[ReadFrame], begins: bool) -> FrameBatch:
    frames = torch.from_numpy(np.stack([each.image for each in batch]))
    motion = torch.from_numpy(np.stack([each.motion for each in batch]))
    return FrameBatch(frames, motion, batch[0].fold, begins)
