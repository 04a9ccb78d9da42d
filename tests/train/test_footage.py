"""Footage on disk: what is kept of it, what is held back, and when it is read again."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_vad.dynamic_flow import Pooling
from edge_vad.errors import BadInput
from edge_vad.frame import Frame
from edge_vad.motion import MotionExtractor, MotionSettings
from edge_vad.sources import Source
from edge_vad_train import footage
from edge_vad_train.datasets import Clip, open_dataset
from edge_vad_train.footage import Footage, FrameSize, Stretch, prepare, working_size

MOTION = MotionSettings(window=3)
SIZE = FrameSize(48, 64)


@dataclass(frozen=True, kw_only=True)
class Numbered(Clip):
    """A moving texture; the first pixel of every frame holds the frame's number."""

    frames: int
    size: FrameSize = SIZE
    at_frame: Callable[[int], None] = lambda _: None
    opened: list[str] = field(default_factory=list)

    def open(self, *, strict: bool = False) -> Source:
        self.opened.append(self.name)
        return NumberedSource(self)


class NumberedSource(Source):
    def __init__(self, clip: Numbered) -> None:
        self.name, self.fps, self.length = clip.name, 10.0, clip.frames
        self._clip = clip
        height, width = clip.size.height, clip.size.width
        noise = np.random.default_rng(0).integers(0, 256, (height // 4 + 1, width // 4 + 1, 3))
        self._texture = np.kron(noise, np.ones((4, 4, 1)))[:height, :width].astype(np.uint8)

    def __iter__(self) -> Iterator[Frame]:
        for index in range(self._clip.frames):
            self._clip.at_frame(index)
            image = np.roll(self._texture, index % 7, axis=1)
            image[0, 0, :2] = divmod(index, 256)
            yield Frame(image, index, index / self.fps)


def numbers(stretch: Stretch) -> list[int]:
    """Which frames of its clip a stretch holds."""
    return [int(high) * 256 + int(low) for high, low in stretch.frames[:, 0, 0, :2]]


def prepared(folder: Path, *clips: Clip, budget: int = 6000, **more: object) -> Footage:
    return prepare(clips, folder, MOTION, SIZE, budget, **more)


def all_stretches(kept: Footage) -> list[Stretch]:
    return [*kept.fitting, *kept.held_back]


def test_short_footage_is_kept_whole(tmp_path: Path) -> None:
    kept = prepared(tmp_path, Numbered(name="a", frames=60), Numbered(name="b", frames=50))
    assert kept.frames == 110
    assert kept.clips == ("a", "b")
    assert kept.fps == 10.0
    assert kept.size == SIZE
    assert [numbers(each) for each in kept.fitting] == [list(range(48)), list(range(40))]
    assert [numbers(each) for each in kept.held_back] == [list(range(48, 60)), list(range(40, 50))]


def test_long_footage_is_thinned_to_the_budget_in_stretches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(footage, "STRETCH", 60)
    kept = prepared(tmp_path, Numbered(name="a", frames=720), budget=250)
    starts = sorted(numbers(each)[0] for each in kept.fitting)
    assert starts == [0, 180, 360, 540]
    assert kept.frames == 240
    for fitted, held in zip(kept.fitting, kept.held_back, strict=True):
        together = numbers(fitted) + numbers(held)
        assert together == list(range(together[0], together[0] + 60))


def test_clips_share_the_budget(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(footage, "STRETCH", 60)
    clips = [Numbered(name=name, frames=360) for name in "abc"]
    kept = prepared(tmp_path, *clips, budget=360)
    per_clip = dict.fromkeys("abc", 0)
    for each in all_stretches(kept):
        per_clip[each.clip] += len(each)
    assert per_clip == {"a": 120, "b": 120, "c": 120}


def test_many_clips_are_no_reason_to_call_them_short(tmp_path: Path) -> None:
    clips = [Numbered(name=str(number), frames=60) for number in range(5)]
    assert prepared(tmp_path, *clips, budget=100).frames == 5 * 50


def test_a_rest_too_short_to_hold_anything_back_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(footage, "STRETCH", 60)
    kept = prepared(tmp_path, Numbered(name="a", frames=241), budget=130)
    assert kept.frames == 120
    assert all(len(each) > 1 for each in all_stretches(kept))


@pytest.mark.parametrize(("clips", "frames", "budget"), [(1, 700, 9999), (12, 60, 9999)])
def test_nothing_held_back_is_fitted(tmp_path: Path, clips: int, frames: int, budget: int) -> None:
    kept = prepared(
        tmp_path, *(Numbered(name=f"c{n}", frames=frames) for n in range(clips)), budget=budget
    )
    fitted, held = (
        {(each.clip, number) for each in part for number in numbers(each)}
        for part in (kept.fitting, kept.held_back)
    )
    assert not fitted & held
    assert len(fitted | held) == clips * frames
    assert 0.15 < len(held) / (clips * frames) < 0.25


def test_of_enough_stretches_whole_ones_are_held_back_and_none_touches_a_fitted_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(footage, "STRETCH", 50)
    kept = prepared(tmp_path, Numbered(name="a", frames=1200), budget=600)
    assert len(kept.fitting) + len(kept.held_back) == 12
    fitted = {number for each in kept.fitting for number in numbers(each)}
    held = {number for each in kept.held_back for number in numbers(each)}
    assert {number + step for number in held for step in (-1, 1)}.isdisjoint(fitted)


def test_of_long_footage_parts_from_all_over_are_held_back_and_none_touches_a_fitted_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(footage, "STRETCH", 60)
    kept = prepared(tmp_path, Numbered(name="a", frames=610))
    fitted = {number for each in kept.fitting for number in numbers(each)}
    held = [numbers(each) for each in kept.held_back]
    assert [each[0] // 305 for each in held] == [0, 1]
    assert {n + step for each in held for n in each for step in range(-6, 7)}.isdisjoint(fitted)
    assert [len(each) for each in held] == [49, 49]
    assert len(fitted) == 488


@pytest.mark.parametrize("pooling", list(Pooling))
def test_the_motion_kept_is_the_runtimes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pooling: Pooling
) -> None:
    monkeypatch.setattr(footage, "STRETCH", 60)
    settings = MotionSettings(window=3, pooling=pooling)
    clip = Numbered(name="a", frames=360)
    kept = prepare([clip], tmp_path, settings, SIZE, 180)
    images = [frame.image for frame in clip.open()]
    extractor = MotionExtractor(SIZE.height, SIZE.width, settings)
    for fitted, held in zip(kept.fitting, kept.held_back, strict=True):
        extractor.reset()
        pooled = np.concatenate([fitted.motion, held.motion])
        for number, motion in zip(numbers(fitted) + numbers(held), pooled, strict=True):
            expected = extractor.push(images[number]).astype(np.float16)
            np.testing.assert_array_equal(motion, expected)
        assert not pooled[0][: pooling.channels].any()
        assert pooled[1][: pooling.channels].any()


def test_footage_is_mapped_not_loaded(tmp_path: Path) -> None:
    for each in all_stretches(prepared(tmp_path, Numbered(name="a", frames=50))):
        for array, kind in ((each.frames, np.uint8), (each.motion, np.float16)):
            assert isinstance(array, np.memmap)
            assert array.dtype == kind
            assert not array.flags.writeable


def test_frames_are_brought_to_the_models_size(tmp_path: Path) -> None:
    kept = prepared(tmp_path, Numbered(name="a", frames=50, size=FrameSize(96, 128)))
    assert kept.fitting[0].frames.shape == (40, 48, 64, 3)
    assert kept.fitting[0].motion.shape == (40, 4, 24, 32)


def test_footage_of_another_shape_is_refused_and_not_squeezed(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="96x96"):
        prepared(tmp_path, Numbered(name="a", frames=50, size=FrameSize(96, 96)))


def test_footage_is_read_once(tmp_path: Path) -> None:
    clip = Numbered(name="a", frames=50)
    first, second = (prepared(tmp_path, clip) for _ in range(2))
    assert clip.opened == ["a"]
    for one, other in zip(all_stretches(first), all_stretches(second), strict=True):
        np.testing.assert_array_equal(one.frames, other.frames)
        np.testing.assert_array_equal(one.motion, other.motion)


@pytest.mark.parametrize(
    "change",
    [
        {"motion": MotionSettings(window=4)},
        {"size": FrameSize(72, 96)},
        {"frame_budget": 60},
        {"clips": "ba"},
        {"clips": "a"},
    ],
)
def test_footage_is_read_again_when_something_it_depends_on_changes(
    tmp_path: Path, change: dict[str, object]
) -> None:
    clips = {name: Numbered(name=name, frames=50) for name in "ab"}
    wanted = {"motion": MOTION, "size": SIZE, "frame_budget": 6000, "clips": "ab"}
    for now in (wanted, wanted | change):
        kept = prepare(
            [clips[name] for name in now["clips"]],
            tmp_path,
            now["motion"],
            now["size"],
            now["frame_budget"],
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


def test_a_clip_that_is_too_short_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="b has 49 frames, too few to learn from"):
        prepared(tmp_path, Numbered(name="a", frames=50), Numbered(name="b", frames=49))


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
    """One frame of some size."""

    name = "camera"

    def __init__(self, height: int, width: int) -> None:
        self._image = np.empty((height, width, 3), np.uint8)

    def __iter__(self) -> Iterator[Frame]:
        yield Frame(self._image, 0, 0.0)


@given(st.integers(64, 3000), st.integers(64, 3000))
def test_the_working_size_has_the_cameras_shape_and_even_halves(height: int, width: int) -> None:
    size = working_size(Camera(height, width))
    assert size.height <= 240
    assert size.height % 4 == size.width % 4 == 0
    scale = size.height / height
    assert abs(size.width - width * scale) <= 2 + 1e-9


def test_frames_too_small_for_the_model_are_refused() -> None:
    with pytest.raises(BadInput, match="are 64x48, too small to learn from"):
        working_size(Camera(48, 64))
