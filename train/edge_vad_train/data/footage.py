"""Footage on disk, ready to learn from: frames at the model's size, and their pooled motion.

Of long footage a part is kept, in stretches from all over it, in raw files, so that memory stays
bounded. Thresholds come from every frame: `all_runs` reads all of it once more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from edge_vad.errors import BadInput
from edge_vad.files.atomic import PRIVATE, make_private_file, make_private_folder, write_whole
from edge_vad.motion.extractor import MotionExtractor, MotionSettings
from edge_vad.motion.pace import at_pace, scored_of
from edge_vad.preprocessing.regions import Regions
from edge_vad.preprocessing.resize import Fitting
from edge_vad.sources import Source
from edge_vad_train.datasets import Clip
from edge_vad_train.parallel import run_in_parallel

FOLDS = 4
"""Every frame is scored by what was learnt from the other three quarters of the footage."""

STRETCH = 200
"""Frames in a row that are kept together when long footage is thinned out."""

_WORKING_ROWS = 240
_MOST_ENLARGED = 2
"""Small frames are enlarged to the working rows, which flow likes, but not by more than this."""

_SMALLEST_SIDE = 64
_SHORTEST_CLIP = 10
_FEWEST_FRAMES = 50
_ENOUGH_CLIPS = 8
"""Clips of which each is in one fold as a whole; fewer are cut into blocks."""

_MOST_BLOCKS, _SHORTEST_BLOCK = 20, 50
_BATCH = 8
_INDEX = "footage.json"


class FrameSize(msgspec.Struct, frozen=True):
    """Size of the model's frame, px."""

    height: int
    width: int


class _Piece(msgspec.Struct, frozen=True):
    """Kept frames in a row of one fold; where they begin, and whether motion is known there."""

    start: int
    fold: int
    has_motion: bool


class _Recorded(msgspec.Struct, frozen=True):
    """What one clip left on disk; `seen` frames are all that it has."""

    name: str
    frames: int
    seen: int
    skipped: int
    pieces: list[_Piece]


class _Index(msgspec.Struct, frozen=True):
    """What makes a cache valid, and what lies in it; written last."""

    size: FrameSize
    fps: float
    motion: MotionSettings
    clip_names: list[str]
    frame_budget: int
    clips: list[_Recorded]
    ignored: Regions = ()

    @property
    def wanted(self) -> tuple[object, ...]:
        """What the cache was asked for."""
        kept = self.clip_names, self.frame_budget, self.ignored
        return self.size, self.fps, self.motion, *kept


@dataclass(frozen=True)
class Rows:
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
class Stretch:
    """Consecutive frames of one clip.

    Attributes:
        frames: uint8, (n, height, width, 3), blue-green-red.
        motion: float16, (n, channels, height', width'), pooled flow, px a frame; zero where a
            frame has no predecessor.
        fold: Which of the `FOLDS` it belongs to.
        has_motion: Whether the first frame has a predecessor.
    """

    frames: Rows
    motion: Rows
    fold: int
    has_motion: bool = False

    def __len__(self) -> int:
        return len(self.frames)

    def batches(self, every: int = 1) -> Iterator[tuple[Tensor, Tensor]]:
        """Every so manieth frame and its motion, uint8 and float32, but for one without motion."""
        at_once = _BATCH * every
        for start in range(not self.has_motion, len(self), at_once):
            which = slice(start, start + at_once, every)
            yield self.frames_of(which), self.motion_of(which)

    def frames_of(self, which: slice) -> Tensor:
        """Some of the frames, uint8, (n, height, width, 3)."""
        return torch.from_numpy(np.ascontiguousarray(self.frames[which]))

    def motion_of(self, which: slice) -> Tensor:
        """Their motion, float32, (n, channels, height', width')."""
        return torch.from_numpy(self.motion[which].astype(np.float32))


@dataclass(frozen=True)
class Footage:
    """All the footage of a scene, and what of it is kept to fit to.

    Attributes:
        size: Size of the frames.
        fps: Frames a second.
        clips: The clips' names, in order.
        skipped: Frames that could not be read.
        too_short: Names of clips that are too short to learn from, and were left out.
        frames: Frames in all.
        is_whole: Whether all of them are kept.
        stretches: Those that are kept, from all over the footage.
        budget: Most frames that are kept of a clip, about.
        ignored: Regions that are painted over.
    """

    size: FrameSize
    fps: float
    clips: tuple[str, ...]
    skipped: int
    too_short: tuple[str, ...]
    frames: int
    is_whole: bool
    stretches: tuple[Stretch, ...]
    budget: int
    ignored: Regions = ()


def working_size(source: Source) -> FrameSize:
    """The size at which a scene is learnt: about 240 rows, in the shape of the camera.

    Both sides are multiples of eight, which flow and streams divide without a rest.

    Raises:
        BadInput: The frames are too small.
    """
    height, width = next(iter(source)).image.shape[:2]
    if min(height, width) < _SMALLEST_SIDE:
        raise BadInput(
            f"the frames of {source.name} are {width}x{height}, too small to learn from",
            f"give footage of at least {_SMALLEST_SIDE}x{_SMALLEST_SIDE}",
        )
    rows = round(min(_WORKING_ROWS, _MOST_ENLARGED * height) / 8) * 8
    return FrameSize(rows, round(width * rows / height / 8) * 8)


def lowest_rate(clips: Sequence[Clip]) -> float:
    """The lowest rate of the clips, frames a second."""
    rates = []
    for clip in clips:
        with clip.open() as source:
            rates.append(source.fps)
    return min(rates)


def prepare(
    clips: Sequence[Clip],
    folder: Path,
    motion: MotionSettings,
    size: FrameSize,
    frame_budget: int,
    *,
    fps: float | None = None,
    ignored: Regions = (),
    strict: bool = False,
    progress: Callable[[int], None] = lambda _: None,
) -> Footage:
    """Decode the clips into `folder`, or find there what an earlier call left.

    Args:
        clips: Ordinary footage of one camera.
        folder: Where the files lie; made when missing.
        motion: Settings of the motion input.
        size: Size of the frames.
        frame_budget: Most frames kept, but for 50 a clip; longer footage is thinned out evenly,
            in stretches.
        fps: Frames a second; clips that have more are thinned out. The lowest rate when None.
        ignored: Regions that are painted over.
        strict: Raise at the first frame that cannot be read, instead of skipping it.
        progress: Called with the number of frames done since the last call.

    Raises:
        BadInput: A clip is broken or not of the frames' shape, or there are too few frames.
    """
    fps = lowest_rate(clips) if fps is None else fps
    names = [clip.name for clip in clips]
    index = _read_index(folder)
    wanted = (size, fps, motion, names, frame_budget, ignored)
    if index is None or wanted != index.wanted:
        make_private_folder(folder)
        (folder / _INDEX).unlink(missing_ok=True)
        budget = _budget(frame_budget, len(clips))

        def record(numbered: tuple[int, Clip], advance: Callable[[int], None]) -> _Recorded:
            reader = _Reader(*numbered, len(clips), size, motion, fps, budget, ignored, strict)
            return _record(reader, folder / f"{numbered[0]:04d}", budget, advance)

        recorded = run_in_parallel(record, enumerate(clips), progress)
        index = _Index(size, fps, motion, names, frame_budget, recorded, ignored)
        write_whole(folder / _INDEX, msgspec.json.encode(index), PRIVATE)
    return _map_footage(folder, index)


def _budget(frame_budget: int, clips: int) -> int:
    """Most frames that are kept of one of so many clips."""
    return max(_FEWEST_FRAMES, frame_budget // clips)


class Run(NamedTuple):
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


Runs = Callable[[Callable[[int], None]], Iterator[Run]]
"""Reads some of the footage; called with what is told of the number of frames read."""


def all_runs(
    clips: Sequence[Clip], footage: Footage, motion: MotionSettings
) -> list[tuple[int, Runs]]:
    """All the footage, but for frames without motion: what is kept, or else every clip anew.

    Args:
        clips: That `footage` was prepared from.
        footage: What is kept of them.
        motion: Settings of the motion input.

    Returns:
        A number and what reads them, for pieces of work that do not depend on one another.
    """
    if footage.is_whole:
        rows = _rows(footage.stretches)
        return [(number, partial(_replay, row)) for number, row in enumerate(rows)]
    readers = [
        _Reader(
            number,
            clip,
            len(clips),
            footage.size,
            motion,
            footage.fps,
            footage.budget,
            footage.ignored,
            strict=False,
        )
        for number, clip in enumerate(clips)
        if clip.name not in footage.too_short
    ]
    return [(number, partial(_scan, reader)) for number, reader in enumerate(readers)]


def _rows(stretches: Sequence[Stretch]) -> list[list[Stretch]]:
    """Stretches that follow one another."""
    rows: list[list[Stretch]] = []
    for stretch in stretches:
        if not stretch.has_motion:
            rows.append([])
        rows[-1].append(stretch)
    return rows


def _replay(row: Sequence[Stretch], progress: Callable[[int], None]) -> Iterator[Run]:
    begins = True
    for stretch in row:
        progress(len(stretch))
        for frames, motion in stretch.batches():
            yield Run(frames, motion, stretch.fold, begins)
            begins = False


def _scan(reader: _Reader, progress: Callable[[int], None]) -> Iterator[Run]:
    frames: list[NDArray[np.uint8]] = []
    moved: list[NDArray[np.float32]] = []
    begins, fold = True, 0
    for read in reader.read(progress, whole=True):
        if frames and (read.fold != fold or not read.has_motion or len(frames) == _BATCH):
            yield _run(frames, moved, fold, begins)
            begins = False
        begins = begins or not read.has_motion
        fold = read.fold
        if read.has_motion:
            frames.append(read.image.copy())
            moved.append(read.motion.copy())
    if frames:
        yield _run(frames, moved, fold, begins)


def _run(
    frames: list[NDArray[np.uint8]], moved: list[NDArray[np.float32]], fold: int, begins: bool
) -> Run:
    run = Run(torch.from_numpy(np.stack(frames)), torch.from_numpy(np.stack(moved)), fold, begins)
    frames.clear()
    moved.clear()
    return run


class _Read(NamedTuple):
    """A frame at the model's size, and its motion; both are reused by the next."""

    image: NDArray[np.uint8]
    motion: NDArray[np.float32]
    fold: int
    has_motion: bool


class _Reader:
    """Reads one clip, whole or thinned out."""

    def __init__(
        self,
        number: int,
        clip: Clip,
        clips: int,
        size: FrameSize,
        motion: MotionSettings,
        fps: float,
        budget: int,
        ignored: Regions,
        strict: bool,
    ) -> None:
        self.clip, self._fps = clip, fps
        self._number, self._clips, self._budget, self._strict = number, clips, budget, strict
        self._extractor = MotionExtractor(size.height, size.width, motion)
        self._fitting = Fitting(size.height, size.width, ignored)
        self.seen, self.skipped = 0, 0

    def read(self, progress: Callable[[int], None], *, whole: bool) -> Iterator[_Read]:
        """Read every frame, or stretches from all over the clip that are within the budget.

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
                progress(1)
                is_kept = whole or position // STRETCH % thinning == 0
                follows = follows and steps is not None
                if is_kept:
                    if not follows:
                        self._extractor.reset()
                    image = self._fitting.fit(frame.image)
                    motion = self._extractor.push(image, steps or 1.0)
                    yield _Read(image, motion, self._fold(position, length, thinning), follows)
                follows = is_kept

    def _fold(self, position: int, length: int | None, thinning: int) -> int:
        """A clip is of one fold as a whole where there are enough, else its blocks take turns.

        Of every block something is kept, so that something is kept of every fold.
        """
        if self._clips >= _ENOUGH_CLIPS:
            return self._number % FOLDS
        if length is None:
            return position // STRETCH % FOLDS
        shortest = _SHORTEST_BLOCK if thinning == 1 else STRETCH * thinning
        blocks = min(_MOST_BLOCKS, max(FOLDS, length // shortest))
        return (position * blocks // max(length, position + 1) + self._number) % FOLDS


def _record(reader: _Reader, path: Path, budget: int, progress: Callable[[int], None]) -> _Recorded:
    """Write what is kept of a clip to two raw files."""
    pieces: list[_Piece] = []
    frames = 0
    files = path.with_suffix(".frames"), path.with_suffix(".motion")
    for each in files:
        make_private_file(each)
    with files[0].open("wb") as frame_file, files[1].open("wb") as motion_file:
        for read in reader.read(progress, whole=False):
            if frames >= budget + STRETCH:
                continue  # of a clip that is longer than it says the rest is read for scores alone
            if not pieces or not read.has_motion or read.fold != pieces[-1].fold:
                pieces.append(_Piece(frames, read.fold, read.has_motion))
            frame_file.write(np.ascontiguousarray(read.image).data)
            motion_file.write(read.motion.astype(np.float16).data)
            frames += 1
    name = reader.clip.name
    return _Recorded(name, frames, reader.seen, reader.skipped, pieces)


def _map_footage(folder: Path, index: _Index) -> Footage:
    long_enough = [clip.seen >= _SHORTEST_CLIP for clip in index.clips]
    seen = sum(clip.seen for clip, is_kept in zip(index.clips, long_enough, strict=True) if is_kept)
    if seen < _FEWEST_FRAMES:
        raise BadInput(
            f"there are {seen} frames, too few to learn from",
            f"give at least {_FEWEST_FRAMES}, better some minutes",
        )
    stretches: list[Stretch] = []
    for number, (clip, is_kept) in enumerate(zip(index.clips, long_enough, strict=True)):
        if is_kept:
            stretches += _map_clip(folder / f"{number:04d}", clip, index)
    return Footage(
        size=index.size,
        fps=index.fps,
        clips=tuple(clip.name for clip in index.clips),
        skipped=sum(clip.skipped for clip in index.clips),
        too_short=tuple(
            clip.name for clip, kept in zip(index.clips, long_enough, strict=True) if not kept
        ),
        frames=seen,
        is_whole=all(clip.frames == clip.seen for clip in index.clips),
        stretches=tuple(stretches),
        budget=_budget(index.frame_budget, len(index.clips)),
        ignored=index.ignored,
    )


def _map_clip(path: Path, clip: _Recorded, index: _Index) -> Iterator[Stretch]:
    size, motion = index.size, index.motion
    rows, columns = size.height // motion.downscale, size.width // motion.downscale
    frames = path.with_suffix(".frames"), np.uint8, (size.height, size.width, 3)
    pooled = path.with_suffix(".motion"), np.float16, (motion.channels, rows, columns)
    stops = [*(piece.start for piece in clip.pieces[1:]), clip.frames]
    for piece, stop in zip(clip.pieces, stops, strict=True):
        part = piece.start, stop
        yield Stretch(Rows(*frames, *part), Rows(*pooled, *part), piece.fold, piece.has_motion)


def _read_index(folder: Path) -> _Index | None:
    try:
        return msgspec.json.decode((folder / _INDEX).read_bytes(), type=_Index)
    except (OSError, msgspec.DecodeError):
        return None
