"""Reads a clip at the model's size and rate, with its motion: whole, or in segments of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_vad.errors import BadInput
from edge_vad.motion.extractor import MotionExtractor, MotionSettings
from edge_vad.motion.pace import at_pace, scored_of
from edge_vad.preprocessing.resize import FrameResizer
from edge_vad_train.data.footage import FOLDS, FrameSettings, FrameSize
from edge_vad_train.datasets import Clip

SEGMENT_FRAMES = 200
"""Frames in a row that are kept together when long footage is thinned out."""

FEWEST_FRAMES = 50
"""Of all the footage, and of each clip where many share the budget."""

_WORKING_ROWS = 240
_MOST_ENLARGED = 2
"""Small frames are enlarged to the working rows, which flow likes, but not by more than this."""

_SMALLEST_SIDE = 64
_ENOUGH_CLIPS = 8
"""Clips of which each is in one fold as a whole; fewer, or long ones, are cut into blocks."""

_MOST_BLOCKS, _SHORTEST_BLOCK = 20, 50


def working_size(clip: Clip) -> FrameSize:
    """The size at which a scene is learnt: about 240 rows, in the shape of the camera.

    Both sides are multiples of eight, which flow and streams divide without a rest.

    Raises:
        BadInput: The frames are too small.
    """
    height, width = clip.picture_size()
    if min(height, width) < _SMALLEST_SIDE:
        raise BadInput(
            f"the frames of {clip.name} are {width}x{height}, too small to learn from",
            f"give footage of at least {_SMALLEST_SIDE}x{_SMALLEST_SIDE}",
        )
    rows = round(min(_WORKING_ROWS, _MOST_ENLARGED * height) / 8) * 8
    return FrameSize(rows, round(width * rows / height / 8) * 8)


def lowest_rate(clips: Sequence[Clip]) -> float:
    """The lowest rate of the clips, frames a second."""
    return min(fps for _, fps in map(Clip.extent, clips))


class ReadFrame(NamedTuple):
    """A frame at the model's size, and its motion; both are reused by the next."""

    image: NDArray[np.uint8]
    motion: NDArray[np.float32]
    fold: int
    has_motion: bool


class ClipReader:
    """Reads one clip, whole or thinned out.

    Args:
        number: Of the clip.
        clip: The clip.
        clips: How many there are.
        frames: How frames are prepared.
        motion: Settings of the motion input.
        strict: Raise at the first frame that cannot be read, instead of skipping it.

    Attributes:
        seen: Frames of it so far.
        skipped: Frames that could not be read.
        steps: For how many frame times it was seen; holes and cuts count as one.
    """

    def __init__(
        self,
        number: int,
        clip: Clip,
        clips: int,
        frames: FrameSettings,
        motion: MotionSettings,
        strict: bool = False,
    ) -> None:
        self.clip, self._fps = clip, frames.fps
        self._number, self._clips, self._strict = number, clips, strict
        self._budget = max(FEWEST_FRAMES, frames.budget // clips)
        height, width = frames.size.height, frames.size.width
        self._extractor = MotionExtractor(height, width, motion)
        self._resizer = FrameResizer(height, width, frames.ignored)
        self.seen, self.skipped = 0, 0
        self.steps = 0.0

    @property
    def most_kept(self) -> int:
        """Most frames that are kept of the clip, also where it is longer than it says."""
        return self._budget + SEGMENT_FRAMES

    def read(self, progress: Callable[[int], None], *, whole: bool) -> Iterator[ReadFrame]:
        """Read every frame, or segments from all over the clip that are within the budget.

        Args:
            progress: Called with 1 after each frame of the clip.
            whole: Whether to read every frame.
        """
        follows = False
        with self.clip.open(strict=self._strict) as source:
            length = scored_of(source.length, source.fps, self._fps)
            thinning = 1 if length is None else max(1, -(-length // self._budget))
            for position, (frame, steps) in enumerate(at_pace(source, self._fps)):
                self.seen, self.skipped = position + 1, source.skipped
                self.steps += 1.0 if steps is None else steps
                progress(1)
                is_kept = whole or position // SEGMENT_FRAMES % thinning == 0
                follows = follows and steps is not None
                if is_kept:
                    if not follows:
                        self._extractor.reset()
                    image = self._resizer.resize(frame.image)
                    motion = self._extractor.push(image, steps or 1.0)
                    yield ReadFrame(image, motion, self._fold(position, length, thinning), follows)
                follows = is_kept

    def _fold(self, position: int, length: int | None, thinning: int) -> int:
        """A clip is of one fold as a whole where there are enough, else its blocks take turns.

        Clips that are thinned out are cut in any case: a day is the same day in one file or in
        many. Of every block something is kept, so that something is kept of every fold.
        """
        many = self._clips >= _ENOUGH_CLIPS
        if length is None:
            return (self._number if many else position // SEGMENT_FRAMES) % FOLDS
        if thinning > 1:
            blocks = max(1 if many else FOLDS, length // (SEGMENT_FRAMES * thinning))
        else:
            blocks = 1 if many else min(_MOST_BLOCKS, max(FOLDS, length // _SHORTEST_BLOCK))
        block = position * blocks // max(length, position + 1)
        return (self._number * (blocks if many else 1) + block) % FOLDS
