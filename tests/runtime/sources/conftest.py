"""Small footage, made where it is needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from rtsp_camera import RtspCamera, has_rtsp_server, require

from edge_vad.sources import open_source


def write_frames(folder: Path, count: int, size: tuple[int, int] = (32, 24)) -> Path:
    """Make `001.png` to `NNN.png`; frame i is all of the grey level i."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "fps.txt").write_text("10")
    for index in range(count):
        image = np.full((size[1], size[0], 3), index, np.uint8)
        assert cv2.imwrite(str(folder / f"{index + 1:03d}.png"), image)
    return folder


def write_video(path: Path, count: int, codec: str = "MJPG") -> Path:
    """Make a video whose frames grow lighter."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), 25.0, (64, 48))
    assert writer.isOpened()
    for index in range(count):
        image = np.full((48, 64, 3), 5 * (index % 50), np.uint8)
        cv2.putText(image, str(index), (5, 30), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (255, 255, 255))
        writer.write(image)
    writer.release()
    return path


@pytest.fixture(scope="session")
def frames() -> Callable[..., Path]:
    return write_frames


@pytest.fixture(scope="session")
def video() -> Callable[..., Path]:
    return write_video


@pytest.fixture(scope="session")
def street_pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of 40 pictures of the street, for an RTSP camera to play."""
    folder = tmp_path_factory.mktemp("street")
    with open_source("test://street?seed=1&size=192x128&fps=8&frames=40") as street:
        for frame in street:
            cv2.imwrite(str(folder / f"{frame.index:06}.jpg"), frame.image)
    return folder


@pytest.fixture(scope="session")
def rtsp_server() -> None:
    require(has_rtsp_server(), "GStreamer's RTSP server")


@pytest.fixture
def rtsp(rtsp_server: None, street_pictures: Path) -> Iterator[RtspCamera]:
    """A camera that asks for a password."""
    with RtspCamera(street_pictures, account=("admin", "hunter2")) as camera:
        yield camera
