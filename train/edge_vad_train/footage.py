"""Footage on disk, ready to learn from: frames at the model's size, and their pooled motion.

Decoding and optical flow are done once, by the code that the runtime uses, into memory-mapped
files, so that memory stays bounded whatever the length of the footage.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from edge_vad.errors import BadInput
from edge_vad.fitting import fit_image
from edge_vad.motion import MotionExtractor, MotionSettings
from edge_vad.sources import Source
from edge_vad_train.datasets import Clip
from edge_vad_train.side_by_side import run_side_by_side

STRETCH = 200
"""Frames in a row that are kept together when long footage is thinned out."""

_WORKING_ROWS = 240
_SMALLEST_SIDE = 64
_SHORTEST = 50
_ENOUGH_STRETCHES = 10
_INDEX = "footage.json"


class FrameSize(msgspec.Struct, frozen=True):
    """Size of the model's frame, px."""

    height: int
    width: int


class _Recorded(msgspec.Struct, frozen=True):
    """What one clip left on disk."""

    name: str
    fps: float
    frames: int
    skipped: int
    starts: list[int]


class _Index(msgspec.Struct, frozen=True):
    """What makes a cache valid, and what lies in it; written last."""

    size: FrameSize
    motion: MotionSettings
    clip_names: list[str]
    frame_budget: int
    clips: list[_Recorded]


@dataclass(frozen=True)
class Stretch:
    """Consecutive frames of one clip.

    Attributes:
        clip: Name of the clip.
        frames: uint8, (n, height, width, 3), blue-green-red.
        motion: float16, (n, channels, height', width'), pooled flow, px a frame; zero where a
            frame has no predecessor.
    """

    clip: str
    frames: NDArray[np.uint8]
    motion: NDArray[np.float16]

    def __len__(self) -> int:
        return len(self.frames)

    def part(self, start: int, stop: int) -> Stretch:
        """The frames from `start` up to but not including `stop`."""
        return Stretch(self.clip, self.frames[start:stop], self.motion[start:stop])


@dataclass(frozen=True)
class Footage:
    """All the footage of a scene.

    Attributes:
        size: Size of the frames.
        fps: Frames a second.
        clips: The clips' names, in order.
        skipped: Frames that could not be read.
        fitting: What the model is fitted on.
        held_back: What streams are validated on, and energies calibrated.
    """

    size: FrameSize
    fps: float
    clips: tuple[str, ...]
    skipped: int
    fitting: tuple[Stretch, ...]
    held_back: tuple[Stretch, ...]

    @property
    def frames(self) -> int:
        """Number of frames, held-back ones included."""
        return sum(len(stretch) for stretch in (*self.fitting, *self.held_back))


def working_size(source: Source) -> FrameSize:
    """The size at which a scene is learnt: at most 240 rows, in the shape of the camera.

    Both sides are multiples of four, which flow and streams divide without a rest.

    Raises:
        BadInput: The frames are too small.
    """
    height, width = next(iter(source)).image.shape[:2]
    if min(height, width) < _SMALLEST_SIDE:
        raise BadInput(
            f"the frames of {source.name} are {width}x{height}, too small to learn from",
            f"give footage of at least {_SMALLEST_SIDE}x{_SMALLEST_SIDE}",
        )
    rows = round(min(_WORKING_ROWS, height) / 4) * 4
    return FrameSize(rows, round(width * rows / height / 4) * 4)


def prepare(
    clips: Sequence[Clip],
    folder: Path,
    motion: MotionSettings,
    size: FrameSize,
    frame_budget: int,
    *,
    strict: bool = False,
    progress: Callable[[int], None] = lambda _: None,
) -> Footage:
    """Decode the clips into `folder`, or find there what an earlier call left.

    Args:
        clips: Ordinary footage of one camera.
        folder: Where the memory-mapped files lie; made when missing.
        motion: Settings of the motion input.
        size: Size of the frames.
        frame_budget: Most frames kept, but for 50 a clip; longer footage is thinned out evenly,
            in stretches.
        strict: Raise at the first frame that cannot be read, instead of skipping it.
        progress: Called with the number of frames done since the last call.

    Raises:
        BadInput: A clip is broken, too short, or not of the frames' shape.
    """
    names = [clip.name for clip in clips]
    index = _read_index(folder)
    wanted = (size, motion, names, frame_budget)
    if index is None or wanted != (index.size, index.motion, index.clip_names, index.frame_budget):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / _INDEX).unlink(missing_ok=True)
        budget = max(_SHORTEST, frame_budget // len(clips))

        def record(numbered: tuple[int, Clip], advance: Callable[[int], None]) -> _Recorded:
            number, clip = numbered
            recorder = _Recorder(folder / f"{number:04d}", size, motion)
            return recorder.record(clip, budget, strict, advance)

        recorded = run_side_by_side(record, enumerate(clips), progress)
        index = _Index(size, motion, names, frame_budget, recorded)
        _write_atomically(folder / _INDEX, msgspec.json.encode(index))
    return _map_footage(folder, index)


class _Recorder:
    """Writes one clip's frames and motion to two raw files."""

    def __init__(self, path: Path, size: FrameSize, motion: MotionSettings) -> None:
        self._path = path
        self._size = size
        self._motion = motion

    def record(
        self, clip: Clip, budget: int, strict: bool, progress: Callable[[int], None]
    ) -> _Recorded:
        extractor = MotionExtractor(self._size.height, self._size.width, self._motion)
        starts: list[int] = []
        frames = 0
        with (
            clip.open(strict=strict) as source,
            self._path.with_suffix(".frames").open("wb") as frame_file,
            self._path.with_suffix(".motion").open("wb") as motion_file,
        ):
            for is_first, image in self._kept(source, budget, progress):
                if is_first:
                    extractor.reset()
                    starts.append(frames)
                frame_file.write(np.ascontiguousarray(image).data)
                motion_file.write(extractor.push(image).astype(np.float16).data)
                frames += 1
        if frames < _SHORTEST:
            raise BadInput(
                f"{clip.name} has {frames} frames, too few to learn from",
                f"give at least {_SHORTEST} frames a clip, better some minutes",
            )
        return _Recorded(clip.name, source.fps, frames, source.skipped, starts)

    def _kept(
        self, source: Source, budget: int, progress: Callable[[int], None]
    ) -> Iterator[tuple[bool, NDArray[np.uint8]]]:
        """Frames at the model's size, and whether the one before each was left out."""
        thinning = _thinning(source.length, budget)
        resized = np.zeros((self._size.height, self._size.width, 3), np.uint8)
        kept = 0
        kept_before = False
        for position, frame in enumerate(source):
            progress(1)
            keep = position // STRETCH % thinning == 0
            if keep:
                yield not kept_before, fit_image(frame.image, resized)
                kept += 1
            kept_before = keep
            if kept >= budget:
                return


def _thinning(length: int | None, budget: int) -> int:
    """Of how many stretches one is kept."""
    return 1 if length is None else max(1, -(-length // budget))


def _map_footage(folder: Path, index: _Index) -> Footage:
    stretches: list[list[Stretch]] = []
    size, motion = index.size, index.motion
    motion_shape = (
        motion.channels,
        size.height // motion.downscale,
        size.width // motion.downscale,
    )
    for number, clip in enumerate(index.clips):
        path = folder / f"{number:04d}"
        frames: NDArray[np.uint8] = np.memmap(
            path.with_suffix(".frames"),
            np.uint8,
            "r",
            shape=(clip.frames, size.height, size.width, 3),
        )
        pooled: NDArray[np.float16] = np.memmap(
            path.with_suffix(".motion"), np.float16, "r", shape=(clip.frames, *motion_shape)
        )
        edges = [*clip.starts, clip.frames]
        stretches.append(
            [
                Stretch(clip.name, frames, pooled).part(start, stop)
                for start, stop in pairwise(edges)
                if stop - start >= _SHORTEST  # of a shorter rest nothing can be held back
            ]
        )
    fitting, held_back = _hold_back(stretches)
    return Footage(
        size=size,
        fps=float(np.median([clip.fps for clip in index.clips])),
        clips=tuple(clip.name for clip in index.clips),
        skipped=sum(clip.skipped for clip in index.clips),
        fitting=tuple(fitting),
        held_back=tuple(held_back),
    )


def _hold_back(clips: list[list[Stretch]]) -> tuple[list[Stretch], list[Stretch]]:
    """Hold back a fifth: every fifth stretch where there are enough, else each one's end.

    Whole stretches are held back, never single frames: neighbours are nearly equal, and a frame
    whose neighbours were learnt from is not held back at all. They come from all over the footage:
    its end alone may be emptier, or darker, than the rest.
    """
    stretches = [stretch for clip in clips for stretch in clip]
    pieces = [piece for stretch in stretches for piece in _cut(stretch)]
    fitting, held_back = [], []
    if len(pieces) >= _ENOUGH_STRETCHES:
        for number, piece in enumerate(pieces):
            if number % 5 == 2:
                held_back.append(piece.inner)
            else:
                fitting.append(piece.whole)
        return fitting, held_back
    for each in stretches:
        cut = len(each) * 4 // 5
        fitting.append(each.part(0, cut))
        held_back.append(each.part(cut, len(each)))
    return fitting, held_back


class _Piece(NamedTuple):
    """A piece of a stretch, and the same without the frames next to its neighbours."""

    whole: Stretch
    inner: Stretch


def _cut(stretch: Stretch) -> list[_Piece]:
    """Cut what is long into pieces of about `STRETCH` frames."""
    count = max(1, len(stretch) // STRETCH)
    edges = np.linspace(0, len(stretch), count + 1).astype(int).tolist()
    margin = STRETCH // 10 if count > 1 else 0
    return [
        _Piece(stretch.part(start, stop), stretch.part(start + margin, stop - margin))
        for start, stop in pairwise(edges)
    ]


def _read_index(folder: Path) -> _Index | None:
    try:
        return msgspec.json.decode((folder / _INDEX).read_bytes(), type=_Index)
    except (OSError, msgspec.DecodeError):
        return None


def _write_atomically(path: Path, content: bytes) -> None:
    staged = path.with_suffix(".tmp")
    staged.write_bytes(content)
    staged.replace(path)
