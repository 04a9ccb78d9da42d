"""Clips outlive a time in which no file can be opened."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import SimpleNamespace

import numpy as np
import pytest

from edge_vad.detection import Detection
from edge_vad.frame import Frame
from edge_vad.opencv import cv2
from edge_vad.sinks.clips import Clips
from edge_vad.sinks.clips.codec import browser_codec
from edge_vad.sinks.clips.video_writer import finish_interrupted
from edge_vad.sinks.settings import ClipSettings
from edge_vad.sinks.store.media import PARTIAL, clip_of

SITE = SimpleNamespace(cameras=[SimpleNamespace(name="gate", fps=10.0)])
MAP = np.zeros((1, 1), np.float32)


@contextmanager
def no_descriptors() -> Iterator[None]:
    """Let nothing be opened any more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken = []
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 512), hard))
    try:
        with suppress(OSError):
            while True:
                taken.append(os.open(os.devnull, os.O_RDONLY))
        yield
    finally:
        for each in taken:
            os.close(each)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture
def sink(tmp_path):
    browser_codec()  # it is found out once, with files of its own
    sink = Clips(ClipSettings(before_s=1, after_s=0), tmp_path, SITE)
    yield sink
    sink.close(60)


def watch(sink, indices):
    for index in indices:
        while sink.health().depth > 3:
            time.sleep(0.001)
        image = np.full((48, 64, 3), index, np.uint8)
        sink.frame("gate", Detection(Frame(image, index, index / 10), 0.0, 2.0, MAP, None))


def frames_of(path):
    video, count = cv2.VideoCapture(str(path)), 0
    while video.read()[0]:
        count += 1
    video.release()
    return count


def found(events, folder, event):
    return folder / events.eventually(lambda: clip_of(folder, event.id))


def test_a_clip_that_ends_while_no_file_can_be_opened_is_kept(sink, events, tmp_path):
    event = events.live()
    watch(sink, range(10))
    sink.event("gate", events.new(event))
    watch(sink, range(10, 20))
    with no_descriptors():
        sink.event("gate", events.end(event))
        events.eventually(lambda: "waits to be finished" in sink.health().why)
        assert sink.tallies()[0].waiting == 1
    assert frames_of(found(events, tmp_path, event)) == pytest.approx(20, abs=2)
    events.eventually(lambda: sink.tallies()[0].done == 1)
    assert sink.health().ok


def test_a_clip_that_begins_while_no_file_can_be_opened_loses_nothing(sink, events, tmp_path):
    event = events.live()
    watch(sink, range(10))
    with no_descriptors():
        sink.event("gate", events.new(event))
        watch(sink, range(10, 20))
        events.eventually(lambda: "wait in memory" in sink.health().why)
    watch(sink, range(20, 30))
    sink.event("gate", events.end(event))
    assert frames_of(found(events, tmp_path, event)) == pytest.approx(30, abs=2)


def test_a_clip_of_a_killed_run_is_kept_while_no_file_can_be_opened(sink, events, tmp_path):
    event = events.live()
    watch(sink, range(10))
    sink.event("gate", events.new(event))
    sink.close(60)
    whole = found(events, tmp_path, event)
    written = browser_codec().written
    left = whole.rename(whole.with_name(f"{event.id}{PARTIAL}{written}"))
    media = tmp_path / "media"
    partials = list(media.glob(f"*/*{PARTIAL}.*"))
    with no_descriptors():
        with pytest.MonkeyPatch.context() as patch:  # listing a folder takes one, too
            patch.setattr("pathlib.Path.glob", lambda *_: iter(partials))
            finish_interrupted(media)
        assert left.exists()
    finish_interrupted(media)
    assert clip_of(tmp_path, event.id)
