from __future__ import annotations

import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_vad.detection import Detection
from edge_vad.frame import Frame
from edge_vad.opencv import cv2
from edge_vad.sinks.clips import Clips
from edge_vad.sinks.clips.preroll_buffer import JpegFrame, PrerollBuffer
from edge_vad.sinks.clips.video_writer import finish_interrupted
from edge_vad.sinks.settings import ClipSettings
from edge_vad.sinks.store.media import PARTIAL, clip_of, stem

SITE = SimpleNamespace(cameras=[SimpleNamespace(name=name, fps=10.0) for name in ("gate", "yard")])
MAP = np.zeros((1, 1), np.float32)


def frame(index, height=48, width=64, is_noisy=False):
    """Every frame is a little brighter than the one before."""
    image = np.full((height, width, 3), index % 250, np.uint8)
    if is_noisy:  # so much to see that the file cannot all wait in memory
        image[:] = np.random.default_rng(index).integers(0, 255, image.shape, np.uint8)
    return Detection(Frame(image, index, index / 10), 0.0, 2.0, MAP, None)


@pytest.fixture
def clips(tmp_path):
    made = []

    def make(folder=tmp_path, **settings):
        made.append(Clips(ClipSettings(**settings), folder, SITE))
        return made[-1]

    yield make
    for sink in made:
        sink.close(60)


def watch(sink, indices, camera="gate", **options):
    """Give the frames no faster than the thread takes them."""
    for index in indices:
        while sink.health().depth > 3:
            time.sleep(0.001)
        sink.frame(camera, frame(index, **options))


def brightness(path):
    """Of every frame of a clip."""
    video = cv2.VideoCapture(str(path))
    found = []
    while (read := video.read())[0]:
        found.append(round(read[1].mean()))
    video.release()
    return found


def found(events, folder, event):
    return folder / events.eventually(lambda: clip_of(folder, event.id))


def test_a_clip_shows_the_seconds_before_the_event_and_after(clips, events, tmp_path):
    sink, event = clips(before_s=2, after_s=1), events.live()
    watch(sink, range(100))
    sink.event("gate", events.new(event))
    watch(sink, range(100, 130))
    sink.event("gate", events.end(event))
    watch(sink, range(130, 160))
    shown = brightness(found(events, tmp_path, event))
    assert len(shown) == pytest.approx(61, abs=2)
    assert shown[0] == pytest.approx(79, abs=4)
    assert shown[-1] == pytest.approx(139, abs=4)
    assert sink.health().ok
    assert sink.health().dropped == 0


def test_which_kind_of_video_can_be_written_is_known_before_the_first_event(clips, monkeypatch):
    tried = threading.Event()
    monkeypatch.setattr("edge_vad.sinks.clips.clip_writer.browser_codec", tried.set)
    clips()
    assert tried.wait(60)


def test_the_clip_can_be_played_by_browsers(clips, events, tmp_path):
    sink, event = clips(), events.live()
    watch(sink, range(20))
    sink.event("gate", events.new(event))
    sink.close(60)
    path = found(events, tmp_path, event)
    head = path.read_bytes()[:64]
    assert (b"webm" in head) if path.suffix == ".webm" else (b"ftyp" in head)


def test_events_of_several_cameras_are_filmed_side_by_side(clips, events, tmp_path):
    sink = clips(before_s=1, after_s=0)
    both = {name: events.live(camera=name) for name in ("gate", "yard")}
    for index in range(30):
        for name in both:
            watch(sink, [index], name)
            if index == 10:
                sink.event(name, events.new(both[name]))
            if index == 20:
                sink.event(name, events.end(both[name]))
    for event in both.values():
        assert len(brightness(found(events, tmp_path, event))) == pytest.approx(21, abs=2)


def test_a_clip_is_no_longer_than_was_asked(clips, events, tmp_path):
    sink, event = clips(before_s=1, longest_s=2), events.live()
    watch(sink, range(20))
    sink.event("gate", events.new(event))
    watch(sink, range(20, 100))
    assert len(brightness(found(events, tmp_path, event))) == pytest.approx(30, abs=3)


def test_a_new_event_ends_the_clip_of_the_one_before(clips, events, tmp_path):
    sink, first, second = clips(after_s=60), events.live(), events.live(events.recent + 1)
    watch(sink, range(10))
    sink.event("gate", events.new(first))
    watch(sink, range(10, 20))
    sink.event("gate", events.end(first))
    sink.event("gate", events.new(second))
    found(events, tmp_path, first)
    sink.event("gate", events.end(second))
    sink.close(60)
    found(events, tmp_path, second)


def test_a_camera_that_is_lost_does_not_keep_its_clip_open(clips, events, tmp_path):
    sink, event = clips(after_s=0), events.live()
    watch(sink, range(10))
    sink.event("gate", events.new(event))
    sink.event("gate", events.end(event))
    found(events, tmp_path, event)


def test_frames_larger_than_was_asked_are_made_smaller(clips, events, tmp_path):
    sink, event = clips(width=160), events.live()
    watch(sink, range(5), height=301, width=403)
    sink.event("gate", events.new(event))
    sink.close(60)
    video = cv2.VideoCapture(str(found(events, tmp_path, event)))
    size = video.get(cv2.CAP_PROP_FRAME_WIDTH), video.get(cv2.CAP_PROP_FRAME_HEIGHT)
    video.release()
    assert size == (160, 120)


def test_a_camera_that_changes_its_size_is_filmed_on(clips, events, tmp_path):
    sink, event = clips(after_s=0), events.live()
    watch(sink, range(10))
    sink.event("gate", events.new(event))
    watch(sink, range(10, 20), height=96, width=128)
    sink.close(60)
    assert len(brightness(found(events, tmp_path, event))) == pytest.approx(20, abs=2)


def test_what_a_killed_runtime_was_filming_is_finished_by_the_next(clips, events, tmp_path):
    sink, event = clips(), events.live()
    watch(sink, range(10), height=96, width=128, is_noisy=True)
    sink.event("gate", events.new(event))
    watch(sink, range(10, 400), height=96, width=128, is_noisy=True)
    events.eventually(lambda: not sink.health().depth)
    (partial,) = tmp_path.glob(f"media/*/*{PARTIAL}*")
    left = tmp_path / "next" / stem(event.id)
    left.parent.mkdir(parents=True)
    whole = partial.read_bytes()
    left.with_name(partial.name).write_bytes(whole[: 3 * len(whole) // 4])  # as it lies on disk
    left.with_name(f"empty{PARTIAL}{partial.suffix}").write_bytes(b"")
    finish_interrupted(tmp_path / "next" / "media")
    if partial.suffix == ".mkv":  # an MP4 that was not finished cannot be played
        assert len(brightness(tmp_path / "next" / clip_of(tmp_path / "next", event.id))) > 20
    assert not list((tmp_path / "next").glob(f"media/*/*{PARTIAL}*"))


def test_on_a_full_disk_clips_are_left_out_and_that_is_said(small_disk, clips, events):
    sink, event = clips(small_disk), events.live()
    watch(sink, range(10))
    sink.event("gate", events.new(event))
    events.eventually(lambda: sink.health().why == "the disk is full")
    watch(sink, range(10, 20))
    sink.close(60)
    assert clip_of(small_disk, event.id) is None


@given(
    sizes=st.lists(st.integers(1, 500), min_size=1, max_size=60),
    seconds=st.floats(0, 5),
    most=st.integers(1, 3000),
)
def test_a_reel_is_bounded_in_time_and_memory(sizes, seconds, most):
    preroll = PrerollBuffer(seconds, most)
    for index, size in enumerate(sizes):
        preroll.add(JpegFrame(index / 10, b"\0" * size))
        kept = preroll.pictures()
        assert kept[-1].time_s == index / 10
        assert len(kept) == 1 or sum(len(each.jpeg) for each in kept) <= most
        assert kept[0].time_s >= index / 10 - seconds
        assert preroll.bytes == sum(len(each.jpeg) for each in kept)


def test_events_of_two_zones_have_a_clip_each(clips, events, tmp_path):
    sink = clips(before_s=1, after_s=1)
    door, road = events.live(zone="door"), events.live(events.recent + 1, zone="road")
    watch(sink, range(20))
    sink.event("gate", events.new(door))
    watch(sink, range(20, 30))
    sink.event("gate", events.new(road))
    watch(sink, range(30, 40))
    sink.event("gate", events.end(door))
    sink.event("gate", events.end(road))
    watch(sink, range(40, 60))
    first, second = (brightness(found(events, tmp_path, each)) for each in (door, road))
    assert (len(first), len(second)) == (pytest.approx(41, abs=2), pytest.approx(31, abs=2))


def test_a_camera_that_is_new_is_filmed_and_one_that_is_gone_is_no_fault(clips, events, tmp_path):
    sink, event = clips(before_s=1, after_s=1), events.live(camera="garden")
    watch(sink, range(10))
    going = events.live(events.recent + 9)
    sink.event("gate", events.new(going))
    sink.watch([SimpleNamespace(name="garden", fps=10.0)])
    watch(sink, range(10, 20))
    sink.event("gate", events.end(going))
    watch(sink, range(20), camera="garden")
    sink.event("garden", events.new(event))
    sink.event("garden", events.end(event))
    watch(sink, range(20, 40), camera="garden")
    assert len(brightness(found(events, tmp_path, event))) == pytest.approx(20, abs=2)
    assert sink.health().ok
