"""Footage on disk: what is kept of it, what is held back, and when it is read again."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from edge_vad.errors import BadInput
from edge_vad.frame import Frame
from edge_vad.motion.dynamic_flow import Pooling
from edge_vad.motion.extractor import MotionExtractor, MotionSettings
from edge_vad.sources import Source
from edge_vad_train.data import clip_reader
from edge_vad_train.data.clip_reader import working_size
from edge_vad_train.data.footage import (
    FOLDS,
    ArrayFile,
    Footage,
    FrameSettings,
    FrameSize,
    Segment,
)
from edge_vad_train.data.frame_cache import cache_footage
from edge_vad_train.data.full_pass import read_every_frame
from edge_vad_train.datasets import Clip, open_dataset

MOTION = MotionSettings(window=3)
SIZE = FrameSize(48, 64)


@dataclass(frozen=True, kw_only=True)
class Numbered(Clip):
    """A moving texture; the first pixel of every frame holds the frame's number."""

    frames: int
    size: FrameSize = SIZE
    says: int | None = -1
    at_frame: Callable[[int], None] = lambda _: None
    time_s: Callable[[int], float] = lambda index: index / 10
    opened: list[str] = field(default_factory=list)

    def open(self, *, strict: bool = False) -> Source:
        self.opened.append(self.name)
        return NumberedSource(self)


class NumberedSource(Source):
    def __init__(self, clip: Numbered) -> None:
        self.name, self.fps = clip.name, 10.0
        self.length = clip.frames if clip.says == -1 else clip.says
        self._clip = clip
        height, width = clip.size.height, clip.size.width
        noise = np.random.default_rng(0).integers(0, 256, (height // 4 + 1, width // 4 + 1, 3))
        self._texture = np.kron(noise, np.ones((4, 4, 1)))[:height, :width].astype(np.uint8)

    def __iter__(self) -> Iterator[Frame]:
        for index in range(self._clip.frames):
            self._clip.at_frame(index)
            image = np.roll(self._texture, index % 7, axis=1)
            image[0, 0, :2] = divmod(index, 256)
            yield Frame(image, index, self._clip.time_s(index))


def numbers(segment: Segment) -> list[int]:
    """Which frames of its clip a segment holds."""
    return [int(high) * 256 + int(low) for high, low in segment.frames[:][:, 0, 0, :2]]


def prepared(folder: Path, *clips: Clip, budget: int = 6000, **more: object) -> Footage:
    return cache_footage(clips, folder, FrameSettings(SIZE, 10.0, budget), MOTION, **more)


def kept_numbers(kept: Footage) -> list[list[int]]:
    """Which frames are kept, in the rows that they were read in."""
    rows: list[list[int]] = []
    for segment in kept.segments:
        if not segment.has_motion:
            rows.append([])
        rows[-1] += numbers(segment)
    return rows


def scanned(clips: list[Numbered], kept: Footage) -> list[list[tuple[int, int]]]:
    """Number and fold of every frame that is scanned, in runs without a break."""
    runs: list[list[tuple[int, int]]] = []
    told: list[int] = []
    for read in read_every_frame(clips, kept, MOTION):
        for batch in read(told.append):
            if batch.begins:
                runs.append([])
            pixels = batch.frames[:, 0, 0, :2].tolist()
            assert batch.motion.dtype == torch.float32
            assert len(batch.motion) == len(pixels) > 0
            runs[-1] += [(high * 256 + low, batch.fold) for high, low in pixels]
    assert sum(told) == kept.frames
    return runs


@pytest.fixture
def short_stretches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clip_reader, "SEGMENT_FRAMES", 20)


def test_short_footage_is_kept_whole(tmp_path: Path) -> None:
    kept = prepared(tmp_path, Numbered(name="a", frames=60), Numbered(name="b", frames=50))
    assert kept.frames == 110
    assert kept.is_whole
    assert kept.clips == ("a", "b")
    assert kept.fps == kept.mean_fps == 10.0
    assert kept.size == SIZE
    assert kept_numbers(kept) == [list(range(60)), list(range(50))]


def test_footage_of_a_variable_rate_lasts_as_long_as_its_stamps_say(tmp_path: Path) -> None:
    every_third_is_late = Numbered(name="a", frames=60, time_s=lambda at: (at + at // 3) / 10)
    with_a_hole = Numbered(name="b", frames=60, time_s=lambda at: at / 10 + (at > 30) * 3600)
    kept = prepared(tmp_path, every_third_is_late, with_a_hole)
    assert kept.fps == 10.0
    assert kept.frames / kept.mean_fps == pytest.approx(7.9 + 6.0)


@pytest.mark.usefixtures("short_stretches")
def test_of_long_footage_stretches_from_all_over_are_kept(tmp_path: Path) -> None:
    kept = prepared(tmp_path, Numbered(name="a", frames=720), budget=240)
    assert not kept.is_whole
    assert kept.frames == 720
    assert kept_numbers(kept) == [list(range(start, start + 20)) for start in range(0, 720, 60)]


@pytest.mark.usefixtures("short_stretches")
def test_clips_share_the_budget(tmp_path: Path) -> None:
    kept = prepared(tmp_path, *(Numbered(name=name, frames=360) for name in "abc"), budget=360)
    assert [len(each) for each in kept_numbers(kept)] == 3 * 6 * [20]


@pytest.mark.usefixtures("short_stretches")
@pytest.mark.parametrize(
    ("frames", "count", "budget"), [(137, 1, 9999), (60, 9, 9999), (420, 1, 100), (137, 3, 150)]
)
def test_every_frame_with_motion_is_scanned_once_and_in_order(
    tmp_path: Path, frames: int, count: int, budget: int
) -> None:
    clips = [Numbered(name=f"c{number}", frames=frames) for number in range(count)]
    kept = prepared(tmp_path, *clips, budget=budget)
    runs = scanned(clips, kept)
    assert [[number for number, _ in run] for run in runs] == count * [list(range(1, frames))]


@pytest.mark.usefixtures("short_stretches")
@pytest.mark.parametrize(
    ("frames", "count", "budget"),
    [(60, 1, 99), (137, 3, 999), (60, 9, 999), (999, 1, 100), (999, 2, 200), (333, 3, 90)],
)
def test_no_frame_is_scored_by_what_was_learnt_from_it_and_all_folds_teach(
    tmp_path: Path, frames: int, count: int, budget: int
) -> None:
    clips = [Numbered(name=f"c{number}", frames=frames) for number in range(count)]
    kept = prepared(tmp_path, *clips, budget=budget)
    folds_of_clips = [dict(run) for run in scanned(clips, kept)]
    clip = -1
    for segment in kept.segments:
        own = numbers(segment)
        clip += own[0] == 0
        assert {folds_of_clips[clip].get(number, segment.fold) for number in own} == {segment.fold}
    assert {segment.fold for segment in kept.segments} == set(range(FOLDS))


def test_where_there_are_enough_clips_each_is_of_one_fold(tmp_path: Path) -> None:
    kept = prepared(tmp_path, *(Numbered(name=f"c{number}", frames=50) for number in range(9)))
    assert [each.fold for each in kept.segments] == [0, 1, 2, 3, 0, 1, 2, 3, 0]


@pytest.mark.usefixtures("short_stretches")
@pytest.mark.parametrize("clips", [1, 12])
def test_a_long_day_is_cut_alike_in_one_file_or_in_many(tmp_path: Path, clips: int) -> None:
    day = [Numbered(name=f"c{number}", frames=4800 // clips) for number in range(clips)]
    kept = prepared(tmp_path, *day, budget=1200)
    folds = [fold for run in scanned(day, kept) for fold in dict(run).values()]
    blocks = [len(list(block)) for _, block in groupby(folds)]
    assert len(blocks) == 4800 // (20 * 4)
    assert max(blocks) - min(blocks) <= 2


def test_few_clips_are_cut_into_blocks_of_all_folds(tmp_path: Path) -> None:
    kept = prepared(tmp_path, Numbered(name="a", frames=400))
    assert [(len(each), each.fold) for each in kept.segments] == [
        (50, number % FOLDS) for number in range(8)
    ]


@pytest.mark.usefixtures("short_stretches")
@pytest.mark.parametrize("says", [None, 1, 30, 5000])
def test_a_clip_that_says_nothing_or_too_much_of_its_length_is_learnt_from_as_well(
    tmp_path: Path, says: int | None
) -> None:
    clip = Numbered(name="a", frames=301, says=says)
    kept = prepared(tmp_path, clip, budget=100)
    assert kept.frames == 301
    assert 20 <= sum(map(len, kept.segments)) <= 120
    [run] = scanned([clip], kept)
    assert [number for number, _ in run] == list(range(1, 301))


def test_of_a_stretch_of_one_frame_there_is_a_batch_where_it_has_motion(tmp_path: Path) -> None:
    frames = np.zeros((1, 4, 4, 3), np.uint8), np.zeros((1, 3, 2, 2), np.float16)
    assert list(Segment(*frames, fold=0).batches()) == []
    [(frame, motion)] = Segment(*frames, fold=0, has_motion=True).batches()
    assert (len(frame), len(motion)) == (1, 1)


@given(st.integers(1, 60), st.integers(1, 9), st.booleans())
def test_batches_hold_every_so_manieth_frame_that_has_motion(
    count: int, every: int, has_motion: bool
) -> None:
    frames = np.zeros((count, 2, 2, 3), np.uint8)
    frames[:, 0, 0, 0] = np.arange(count)
    motion = np.zeros((count, 3, 1, 1), np.float16)
    segment = Segment(frames, motion, 0, has_motion)
    seen = [int(each) for batch, _ in segment.batches(every) for each in batch[:, 0, 0, 0]]
    assert seen == list(range(count))[not has_motion :: every]


@pytest.mark.parametrize("pooling", list(Pooling))
def test_the_motion_kept_is_the_runtimes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pooling: Pooling
) -> None:
    monkeypatch.setattr(clip_reader, "SEGMENT_FRAMES", 60)
    settings = MotionSettings(window=3, pooling=pooling)
    clip = Numbered(name="a", frames=360)
    kept = cache_footage([clip], tmp_path, FrameSettings(SIZE, 10.0, 180), settings)
    images = [frame.image for frame in clip.open()]
    extractor = MotionExtractor(SIZE.height, SIZE.width, settings)
    for segment in kept.segments:
        if not segment.has_motion:
            extractor.reset()
            assert not segment.motion[:1].any()
            assert segment.motion[2:3].any()
        for number, motion in zip(numbers(segment), segment.motion[:], strict=True):
            expected = extractor.push(images[number]).astype(np.float16)
            np.testing.assert_array_equal(motion, expected)


def test_footage_lies_on_disk_and_what_is_wanted_is_read(tmp_path: Path) -> None:
    for each in prepared(tmp_path, Numbered(name="a", frames=50)).segments:
        for rows, kind in ((each.frames, np.uint8), (each.motion, np.float16)):
            assert isinstance(rows, ArrayFile)
            whole = rows[:]
            assert whole.dtype == kind
            for which in (slice(2, 7), slice(1, None, 3), slice(0, 0), slice(-2, None)):
                np.testing.assert_array_equal(rows[which], whole[which])


def test_frames_are_brought_to_the_models_size(tmp_path: Path) -> None:
    kept = prepared(tmp_path, Numbered(name="a", frames=50, size=FrameSize(96, 128)))
    assert kept.segments[0].frames[:1].shape[1:] == (48, 64, 3)
    assert kept.segments[0].motion[:1].shape[1:] == (3, 24, 32)


def test_footage_of_another_shape_is_refused_and_not_squeezed(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="96x96"):
        prepared(tmp_path, Numbered(name="a", frames=50, size=FrameSize(96, 96)))


def test_footage_is_read_once(tmp_path: Path) -> None:
    clip = Numbered(name="a", frames=50)
    first, second = (prepared(tmp_path, clip) for _ in range(2))
    assert clip.opened == ["a"]
    for one, other in zip(first.segments, second.segments, strict=True):
        np.testing.assert_array_equal(one.frames[:], other.frames[:])
        np.testing.assert_array_equal(one.motion[:], other.motion[:])


@pytest.mark.parametrize(
    "change",
    [
        {"motion": MotionSettings(window=4)},
        {"size": FrameSize(72, 96)},
        {"budget": 60},
        {"fps": 5.0},
        {"clips": "ba"},
        {"clips": "a"},
    ],
)
def test_footage_is_read_again_when_something_it_depends_on_changes(
    tmp_path: Path, change: dict[str, object]
) -> None:
    clips = {name: Numbered(name=name, frames=50) for name in "ab"}
    wanted = {"motion": MOTION, "size": SIZE, "budget": 6000, "fps": 10.0, "clips": "ab"}
    for now in (wanted, wanted | change):
        kept = cache_footage(
            [clips[name] for name in now["clips"]],
            tmp_path,
            FrameSettings(now["size"], now["fps"], now["budget"]),
            now["motion"],
        )
    assert clips["a"].opened == ["a", "a"]
    assert kept.size == now["size"]
    assert kept.clips == tuple(now["clips"])


@pytest.mark.parametrize("content", [None, b"", b"{", b"[]", b"{}", b"\xff\xfe\x00"])
def test_footage_is_read_again_when_the_index_is_gone_or_broken(
    tmp_path: Path, content: bytes | None
) -> None:
    clip = Numbered(name="a", frames=50)
    prepared(tmp_path, clip)
    (index,) = tmp_path.glob("*.json")
    index.unlink()
    if content is not None:
        index.write_bytes(content)
    assert prepared(tmp_path, clip).frames == 50
    assert clip.opened == ["a", "a"]


def test_footage_that_was_read_in_part_is_read_again(tmp_path: Path) -> None:
    def fail(index: int) -> None:
        if index == 55 and len(clip.opened) == 1:
            raise BadInput("the disk is gone", "find it")

    clip = Numbered(name="a", frames=60, at_frame=fail)
    with pytest.raises(BadInput, match="disk is gone"):
        prepared(tmp_path, clip)
    assert prepared(tmp_path, clip).frames == 60


def test_ctrl_c_does_not_wait_for_the_end_of_the_footage(tmp_path: Path) -> None:
    read: list[int] = []

    def interrupt(index: int) -> None:
        read.append(index)
        if index == 60:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        prepared(tmp_path, Numbered(name="a", frames=5000, at_frame=interrupt))
    assert 60 < len(read) < 2000


def test_clips_that_are_too_short_are_left_out_and_named(tmp_path: Path) -> None:
    clips = [Numbered(name=name, frames=frames) for name, frames in (("a", 9), ("b", 60))]
    kept = prepared(tmp_path, *clips)
    assert kept.too_short == ("a",)
    assert kept.frames == 60
    assert kept_numbers(kept) == [list(range(60))]


@pytest.mark.usefixtures("short_stretches")
def test_clips_that_are_too_short_are_not_scanned_either(tmp_path: Path) -> None:
    clips = [Numbered(name=name, frames=frames) for name, frames in (("a", 9), ("b", 400))]
    kept = prepared(tmp_path, *clips, budget=100)
    assert not kept.is_whole
    [run] = scanned(clips, kept)
    assert [number for number, _ in run] == list(range(1, 400))


@pytest.mark.parametrize("frames", [(49,), (40, 9, 9), (9, 9)])
def test_too_few_frames_in_all_are_refused(tmp_path: Path, frames: tuple[int, ...]) -> None:
    clips = [Numbered(name=f"c{number}", frames=count) for number, count in enumerate(frames)]
    long_enough = sum(count for count in frames if count >= 10)
    with pytest.raises(BadInput, match=f"there are {long_enough} frames, too few to learn from"):
        prepared(tmp_path, *clips)


@pytest.fixture
def damaged(make, tmp_path: Path) -> Path:
    """A folder of 60 frames; two of them cannot be read."""
    folder = make.frames(tmp_path / "pictures", make.movement(60))
    for number in (7, 30):
        (folder / f"{number:03}.png").write_bytes(b"no picture")
    return folder


def test_frames_that_cannot_be_read_are_skipped_and_counted(tmp_path: Path, damaged: Path) -> None:
    (clip,) = open_dataset(damaged).train
    for _ in range(2):  # read, and from the cache
        kept = prepared(tmp_path / "work", clip)
        assert (kept.frames, kept.skipped) == (58, 2)


def test_strict_reading_raises_at_a_frame_that_cannot_be_read(
    tmp_path: Path, damaged: Path
) -> None:
    (clip,) = open_dataset(damaged).train
    with pytest.raises(BadInput, match=r"007\.png"):
        prepared(tmp_path / "work", clip, strict=True)


class Camera:
    """Frames of some size."""

    name = "camera"

    def __init__(self, height: int, width: int) -> None:
        self._size = height, width

    def picture_size(self) -> tuple[int, int]:
        return self._size


@given(st.integers(64, 3000), st.integers(64, 3000))
def test_the_working_size_has_the_cameras_shape_and_even_halves(height: int, width: int) -> None:
    size = working_size(Camera(height, width))
    assert size.height <= 240
    assert size.height % 8 == size.width % 8 == 0
    scale = size.height / height
    assert abs(size.width - width * scale) <= 4 + 1e-9


def test_frames_too_small_for_the_model_are_refused() -> None:
    with pytest.raises(BadInput, match="are 64x48, too small to learn from"):
        working_size(Camera(48, 64))
