"""Writes footage to disk once: what is kept of every clip, and an index that says what it is of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np

from edge_vad.errors import BadInput
from edge_vad.files.atomic import PRIVATE, make_private_file, make_private_folder, write_whole
from edge_vad.motion.extractor import MotionSettings
from edge_vad_train.data.clip_reader import FEWEST_FRAMES, ClipReader
from edge_vad_train.data.footage import ArrayFile, Footage, FrameSettings, Segment
from edge_vad_train.datasets import Clip
from edge_vad_train.parallel import run_in_parallel

_SHORTEST_CLIP = 10
_INDEX = "footage.json"


class _SegmentRecord(msgspec.Struct, frozen=True):
    """Kept frames in a row of one fold; where they begin, and whether motion is known there."""

    start: int
    fold: int
    has_motion: bool


class _ClipRecord(msgspec.Struct, frozen=True):
    """What one clip left on disk; `seen` frames are all that it has, in `steps` frame times."""

    name: str
    frames: int
    seen: int
    skipped: int
    steps: float
    pieces: list[_SegmentRecord]

    @property
    def is_learnt(self) -> bool:
        """Whether it is long enough."""
        return self.seen >= _SHORTEST_CLIP


class _Index(msgspec.Struct, frozen=True):
    """What makes a cache valid, and what lies in it; written last."""

    frames: FrameSettings
    motion: MotionSettings
    clips: list[_ClipRecord]

    def is_of(self, frames: FrameSettings, motion: MotionSettings, clips: Sequence[Clip]) -> bool:
        """Whether the cache holds these clips, prepared like this."""
        names = [clip.name for clip in self.clips]
        return (self.frames, self.motion) == (frames, motion) and names == [c.name for c in clips]


def cache_footage(
    clips: Sequence[Clip],
    folder: Path,
    frames: FrameSettings,
    motion: MotionSettings,
    *,
    strict: bool = False,
    progress: Callable[[int], None] = lambda _: None,
) -> Footage:
    """Decode the clips into `folder`, or find there what an earlier call left.

    Args:
        clips: Ordinary footage of one camera.
        folder: Where the files lie; made when missing.
        frames: How frames are prepared.
        motion: Settings of the motion input.
        strict: Raise at the first frame that cannot be read, instead of skipping it.
        progress: Called with the number of frames done since the last call.

    Raises:
        BadInput: A clip is broken or not of the frames' shape, or there are too few frames.
    """
    index = _read_index(folder)
    if index is None or not index.is_of(frames, motion, clips):
        make_private_folder(folder)
        (folder / _INDEX).unlink(missing_ok=True)

        def record(numbered: tuple[int, Clip], advance: Callable[[int], None]) -> _ClipRecord:
            reader = ClipReader(*numbered, len(clips), frames, motion, strict)
            return _record(reader, folder / f"{numbered[0]:04d}", advance)

        recorded = run_in_parallel(record, enumerate(clips), progress)
        index = _Index(frames, motion, recorded)
        write_whole(folder / _INDEX, msgspec.json.encode(index), PRIVATE)
    return _map_footage(folder, index)


def _record(reader: ClipReader, path: Path, progress: Callable[[int], None]) -> _ClipRecord:
    """Write what is kept of a clip to two raw files."""
    pieces: list[_SegmentRecord] = []
    frames = 0
    files = path.with_suffix(".frames"), path.with_suffix(".motion")
    for each in files:
        make_private_file(each)
    with files[0].open("wb") as frame_file, files[1].open("wb") as motion_file:
        for read in reader.read(progress, whole=False):
            if frames >= reader.most_kept:
                continue  # of a clip that is longer than it says the rest is read for scores alone
            if not pieces or not read.has_motion or read.fold != pieces[-1].fold:
                pieces.append(_SegmentRecord(frames, read.fold, read.has_motion))
            frame_file.write(np.ascontiguousarray(read.image).data)
            motion_file.write(read.motion.astype(np.float16).data)
            frames += 1
    name = reader.clip.name
    return _ClipRecord(name, frames, reader.seen, reader.skipped, reader.steps, pieces)


def _map_footage(folder: Path, index: _Index) -> Footage:
    learnt = [clip for clip in index.clips if clip.is_learnt]
    seen = sum(clip.seen for clip in learnt)
    if seen < FEWEST_FRAMES:
        raise BadInput(
            f"there are {seen} frames, too few to learn from",
            f"give at least {FEWEST_FRAMES}, better some minutes",
        )
    return Footage(
        settings=index.frames,
        clips=tuple(clip.name for clip in index.clips),
        skipped=sum(clip.skipped for clip in index.clips),
        too_short=tuple(clip.name for clip in index.clips if not clip.is_learnt),
        frames=seen,
        mean_fps=index.frames.fps * (seen / sum(clip.steps for clip in learnt)),
        is_whole=all(clip.frames == clip.seen for clip in index.clips),
        segments=tuple(
            segment
            for number, clip in enumerate(index.clips)
            if clip.is_learnt
            for segment in _map_clip(folder / f"{number:04d}", clip, index)
        ),
    )


def _map_clip(path: Path, clip: _ClipRecord, index: _Index) -> Iterator[Segment]:
    size, motion = index.frames.size, index.motion
    rows, columns = size.height // motion.downscale, size.width // motion.downscale
    frames = path.with_suffix(".frames"), np.uint8, (size.height, size.width, 3)
    pooled = path.with_suffix(".motion"), np.float16, (motion.channels, rows, columns)
    stops = [*(piece.start for piece in clip.pieces[1:]), clip.frames]
    for piece, stop in zip(clip.pieces, stops, strict=True):
        part = piece.start, stop
        yield Segment(
            ArrayFile(*frames, *part), ArrayFile(*pooled, *part), piece.fold, piece.has_motion
        )


def _read_index(folder: Path) -> _Index | None:
    try:
        return msgspec.json.decode((folder / _INDEX).read_bytes(), type=_Index)
    except (OSError, msgspec.DecodeError):
        return None
