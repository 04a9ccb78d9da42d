"""Writes footage to disk once: what is kept of every clip, and an index that says what it is of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np

from edge_vad.errors import BadInput
from edge_vad.files.atomic import PRIVATE, make_private_file, make_private_folder, write_whole
from edge_vad.motion.extractor import MotionSettings
from edge_vad.preprocessing.regions import Regions
from edge_vad_train.data.clip_reader import ClipReader, lowest_rate
from edge_vad_train.data.footage import ArrayFile, Footage, FrameSize, Segment
from edge_vad_train.datasets import Clip
from edge_vad_train.parallel import run_in_parallel

_SHORTEST_CLIP = 10
_FEWEST_FRAMES = 50
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


class _Index(msgspec.Struct, frozen=True):
    """What makes a cache valid, and what lies in it; written last."""

    size: FrameSize
    fps: float
    motion: MotionSettings
    clip_names: list[str]
    frame_budget: int
    clips: list[_ClipRecord]
    ignored: Regions = ()

    @property
    def wanted(self) -> tuple[object, ...]:
        """What the cache was asked for."""
        kept = self.clip_names, self.frame_budget, self.ignored
        return self.size, self.fps, self.motion, *kept


def cache_footage(
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
            in segments.
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

        def record(numbered: tuple[int, Clip], advance: Callable[[int], None]) -> _ClipRecord:
            reader = ClipReader(*numbered, len(clips), size, motion, fps, budget, ignored, strict)
            return _record(reader, folder / f"{numbered[0]:04d}", advance)

        recorded = run_in_parallel(record, enumerate(clips), progress)
        index = _Index(size, fps, motion, names, frame_budget, recorded, ignored)
        write_whole(folder / _INDEX, msgspec.json.encode(index), PRIVATE)
    return _map_footage(folder, index)


def _budget(frame_budget: int, clips: int) -> int:
    """Most frames that are kept of one of so many clips."""
    return max(_FEWEST_FRAMES, frame_budget // clips)


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
    long_enough = [clip.seen >= _SHORTEST_CLIP for clip in index.clips]
    learnt = [clip for clip, is_kept in zip(index.clips, long_enough, strict=True) if is_kept]
    seen = sum(clip.seen for clip in learnt)
    if seen < _FEWEST_FRAMES:
        raise BadInput(
            f"there are {seen} frames, too few to learn from",
            f"give at least {_FEWEST_FRAMES}, better some minutes",
        )
    segments: list[Segment] = []
    for number, (clip, is_kept) in enumerate(zip(index.clips, long_enough, strict=True)):
        if is_kept:
            segments += _map_clip(folder / f"{number:04d}", clip, index)
    return Footage(
        size=index.size,
        fps=index.fps,
        clips=tuple(clip.name for clip in index.clips),
        skipped=sum(clip.skipped for clip in index.clips),
        too_short=tuple(
            clip.name for clip, kept in zip(index.clips, long_enough, strict=True) if not kept
        ),
        frames=seen,
        mean_fps=index.fps * (seen / sum(clip.steps for clip in learnt)),
        is_whole=all(clip.frames == clip.seen for clip in index.clips),
        segments=tuple(segments),
        budget=_budget(index.frame_budget, len(index.clips)),
        ignored=index.ignored,
    )


def _map_clip(path: Path, clip: _ClipRecord, index: _Index) -> Iterator[Segment]:
    size, motion = index.size, index.motion
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
