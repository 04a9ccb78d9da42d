from __future__ import annotations

import time
from types import SimpleNamespace

import numpy as np
import pytest

from edge_vad.detection import Box, Detection
from edge_vad.frame import Frame
from edge_vad.opencv import cv2
from edge_vad.sinks.settings import VideoSettings
from edge_vad.sinks.video import AnnotatedVideo


@pytest.fixture
def video(make, tmp_path):
    made = []

    def build(folder=tmp_path, **settings):
        cameras = [SimpleNamespace(name="back yard", card=make.card(), fps=10.0)]
        made.append(
            AnnotatedVideo(VideoSettings(**settings), folder, SimpleNamespace(cameras=cameras))
        )
        return made[-1]

    yield build
    for sink in made:
        sink.close(60)


def watch(sink, frames, height=48, width=64):
    for index in range(frames):
        while sink.health().depth > 3:
            time.sleep(0.001)
        image = np.full((height, width, 3), 90, np.uint8)
        anomaly_map = np.full((5, 7), 3.0, np.float32)
        frame = Frame(image, index, index / 10)
        sink.frame("back yard", Detection(frame, 3.0, 2.0, anomaly_map, Box(8, 8, 20, 20)))


def pieces(folder):
    return sorted(folder.glob("video/back_yard/*Z.*"))


def test_every_frame_is_drawn_into_the_cameras_video(video, tmp_path):
    sink = video()
    watch(sink, 20)
    sink.close(60)
    (piece,) = pieces(tmp_path)
    read = cv2.VideoCapture(str(piece))
    pictures = []
    while (frame := read.read())[0]:
        pictures.append(frame[1])
    read.release()
    assert len(pictures) == 20
    assert pictures[0].shape[1] == 640
    assert pictures[10][..., 2].mean() > pictures[10][..., 0].mean() + 20  # it glows red


def test_a_piece_ends_when_the_camera_changes_its_size(video, tmp_path, events):
    sink = video()
    watch(sink, 5)
    events.eventually(lambda: not sink.health().depth)
    time.sleep(1.1)  # pieces are named by the second
    watch(sink, 5, height=96, width=128)
    sink.close(60)
    assert len(pieces(tmp_path)) == 2


def test_the_oldest_pieces_make_room(video, tmp_path):
    folder = tmp_path / "video" / "back_yard"
    folder.mkdir(parents=True)
    for day in (1, 2, 3):
        (folder / f"2026010{day}T000000Z.webm").write_bytes(b"\0" * 600_000)
    sink = video(max_size_mb=1)
    watch(sink, 5)
    sink.close(60)
    assert next(piece.name[:8] for piece in pieces(tmp_path)) == "20260103"
    assert len(pieces(tmp_path)) == 2


def test_on_a_full_disk_video_is_left_out_and_that_is_said(video, small_disk, events):
    sink = video(small_disk)
    watch(sink, 5)
    events.eventually(lambda: sink.health().why == "the disk is full")
