"""What is asked of a USB camera; `make usb` asks a simulated one, by the kernel's own driver."""

from __future__ import annotations

import pytest

from edge_vad.opencv import cv2
from edge_vad.sources.addresses.address import CameraSpec
from edge_vad.sources.addresses.spec import parse_spec
from edge_vad.sources.feeds.opencv import OpenCvFeed


class Device:
    """OpenCV's side of a camera that takes whatever is asked."""

    asked: dict[int, float]

    def __init__(self, path, backend):
        assert (path, backend) == ("/dev/video7", cv2.CAP_V4L2)
        Device.asked = {}

    def isOpened(self):  # noqa: N802
        return True

    def set(self, what, value):
        Device.asked[what] = value
        return True

    def get(self, what):
        return Device.asked.get(what, 0.0)


@pytest.fixture(autouse=True)
def device(monkeypatch):
    monkeypatch.setattr(cv2, "VideoCapture", Device)


def opened(text):
    spec = parse_spec(text)
    assert isinstance(spec, CameraSpec)
    return OpenCvFeed(spec, timeout_s=5.0)


def test_size_and_rate_are_asked_for_after_the_format_which_decides_what_there_is():
    feed = opened("/dev/video7?size=1280x720&fps=30")
    asked = [cv2.CAP_PROP_FOURCC, cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT]
    assert list(Device.asked)[:4] == [*asked, cv2.CAP_PROP_FPS]
    assert list(Device.asked.values())[1:4] == [1280, 720, 30.0]
    assert feed.fps == 30.0


def test_a_picture_can_arrive_while_the_one_before_is_read():
    opened("/dev/video7")
    assert Device.asked[cv2.CAP_PROP_BUFFERSIZE] > 1
