"""Footage on disk, ready to learn from: frames at the model's size, and their pooled motion.

Of long footage a part is kept, in segments from all over it, in raw files, so that memory stays
bounded. Thresholds come from every frame: see `full_pass`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from edge_vad.preprocessing.regions import Regions

FOLDS = 4
"""Every frame is scored by what was learnt from the other three quarters of the footage."""

BATCH = 8
"""Frames that are looked at together."""


class FrameSize(msgspec.Struct, frozen=True):
    """Size of the model's frame, px."""

    height: int
    width: int


class FrameSettings(msgspec.Struct, frozen=True):
    """How frames are prepared, and how many of them are kept.

    Attributes:
        size: Size of the frames.
        fps: Frames a second; clips that have more are thinned out.
        budget: Most frames kept, but for 50 a clip; longer footage is thinned out evenly, in
            segments.
        ignored: Regions that are painted over.
    """

    size: FrameSize
    fps: float
    budget: int
    ignored: Regions = ()


@dataclass(frozen=True)
class ArrayFile:
    """Arrays of one shape in a raw file, read when they are wanted.

    Mapped files would count as memory in use.

    Attributes:
        path: The file.
        dtype: Of the numbers.
        shape: Of one array.
        start: Number of the first array.
        stop: Number of the one after the last.
    """

    path: Path
    dtype: type[np.uint8] | type[np.float16]
    shape: tuple[int, ...]
    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start

    def __getitem__(self, which: slice) -> NDArray[Any]:
        """Read some of them, (n, *shape)."""
        first, last, step = which.indices(len(self))
        size = int(np.prod(self.shape))
        offset = (self.start + first) * size * np.dtype(self.dtype).itemsize
        flat = np.fromfile(self.path, self.dtype, max(0, last - first) * size, offset=offset)
        return flat.reshape(-1, *self.shape)[::step]


@dataclass(frozen=True)
class Segment:
    """Consecutive frames of one clip.

    Attributes:
        frames: uint8, (n, height, width, 3), blue-green-red.
        motion: float16, (n, channels, height', width'), pooled flow, px a frame; zero where a
            frame has no predecessor.
        fold: Which of the `FOLDS` it belongs to.
        has_motion: Whether the first frame has a predecessor.
    """

    frames: ArrayFile
    motion: ArrayFile
    fold: int
    has_motion: bool = False

    def __len__(self) -> int:
        return len(self.frames)

    def batches(self, every: int = 1) -> Iterator[tuple[Tensor, Tensor]]:
        """Every so manieth frame and its motion, uint8 and float32, but for one without motion."""
        at_once = BATCH * every
        for start in range(not self.has_motion, len(self), at_once):
            yield self.pair_of(slice(start, start + at_once, every))

    def frames_of(self, which: slice) -> Tensor:
        """Some of the frames, uint8, (n, height, width, 3)."""
        return torch.from_numpy(np.ascontiguousarray(self.frames[which]))

    def pair_of(self, which: slice) -> tuple[Tensor, Tensor]:
        """Some of the frames, and their motion, float32, (n, channels, height', width')."""
        return self.frames_of(which), torch.from_numpy(self.motion[which].astype(np.float32))


@dataclass(frozen=True)
class Footage:
    """All the footage of a scene, and what of it is kept to fit to.

    Attributes:
        settings: How its frames were prepared.
        clips: The clips' names, in order.
        skipped: Frames that could not be read.
        too_short: Names of clips that are too short to learn from, and were left out.
        frames: Frames in all.
        mean_fps: Frames a second on the average: fewer than `fps` where they come irregularly.
        is_whole: Whether all of them are kept.
        segments: Those that are kept, from all over the footage.
    """

    settings: FrameSettings
    clips: tuple[str, ...]
    skipped: int
    too_short: tuple[str, ...]
    frames: int
    mean_fps: float
    is_whole: bool
    segments: tuple[Segment, ...]

    @property
    def size(self) -> FrameSize:
        """Size of the frames."""
        return self.settings.size

    @property
    def fps(self) -> float:
        """Frames a second."""
        return self.settings.fps
