"""Small videos as cameras send them, and cameras to record."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from rtsp_camera import RtspCamera, has_rtsp_server, require

from edge_vad.sources import open_source


def picture(index: int, size: tuple[int, int] = (96, 64)) -> np.ndarray:
    """Detail that stands still, and a bright square that moves on with the index."""
    noise = np.random.default_rng(3).integers(40, 120, (size[1], size[0], 3), np.uint8)
    image = cv2.GaussianBlur(noise, (0, 0), 1.5)
    left = 5 * index % (size[0] - 16)
    image[20:36, left : left + 16] = 230
    return image


def write_h264(
    path: Path, times_s: Sequence[float], *, key_every: int = 10, b_frames: int = 0
) -> Path:
    """Write H.264 with a picture at each of these times."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10, options={"preset": "ultrafast"})
        codec = stream.codec_context
        codec.width, codec.height, codec.pix_fmt = 96, 64, "yuv420p"
        codec.time_base = Fraction(1, 1000)
        codec.gop_size, codec.max_b_frames = key_every, b_frames
        codec.options = {"sc_threshold": "0", "crf": "20"}
        for index, time_s in enumerate(times_s):
            frame = av.VideoFrame.from_ndarray(picture(index), format="bgr24")
            frame.pts, frame.time_base = round(time_s * 1000), Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def packets_of(path: Path) -> list[bytes]:
    """Everything that a file holds, in its order."""
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(video=0) if packet.size]


def times_of(path: Path) -> list[float]:
    """When the pictures of a file or folder are shown, s; all must be whole."""
    with open_source(path, strict=True) as source:
        return [frame.time_s for frame in source]


@pytest.fixture(scope="session")
def h264() -> Callable[..., Path]:
    return write_h264


@pytest.fixture(scope="session")
def packets() -> Callable[[Path], list[bytes]]:
    return packets_of


@pytest.fixture(scope="session")
def times() -> Callable[[Path], list[float]]:
    return times_of


@pytest.fixture(scope="session")
def street_pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of 40 pictures of the street, for an RTSP camera to play."""
    folder = tmp_path_factory.mktemp("street")
    with open_source("test://street?seed=1&size=192x128&fps=8&frames=40") as street:
        for frame in street:
            cv2.imwrite(str(folder / f"{frame.index:06}.jpg"), frame.image)
    return folder


@pytest.fixture
def rtsp(street_pictures: Path) -> Iterator[RtspCamera]:
    """A camera that asks for a password."""
    require(has_rtsp_server(), "GStreamer's RTSP server")
    with RtspCamera(street_pictures, account=("admin", "hunter2")) as camera:
        yield camera
