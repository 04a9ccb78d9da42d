"""Video files through OpenCV, where PyAV is not installed."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from edge_vad.opencv import cv2, opencv_name
from edge_vad.sources.decoding.pictures import as_bgr
from edge_vad.sources.decoding.video_file import Raw, no_video, plausible

# Named, because OpenCV's other readers take `Test001.avi` for a series of pictures.
_READERS = (cv2.CAP_FFMPEG, cv2.CAP_GSTREAMER)


class OpenCvFile:
    """A video file; see `edge_vad.sources.decoding.video_file.VideoFile`.

    OpenCV tells no damage. What it cannot convert, such as interlaced video, it hands out black:
    pictures without any light count as not decoded.

    Args:
        path: The file.

    Raises:
        BadInput: It cannot be read as a video.
    """

    most: int | None = None
    decoder = "software"

    def __init__(self, path: Path) -> None:
        self._path = path
        with _opened(path) as capture:
            self.fps = plausible(capture.get(cv2.CAP_PROP_FPS))
            count = capture.get(cv2.CAP_PROP_FRAME_COUNT)
        # Containers without a count have it estimated from duration and rate.
        self.count = int(count) if self.fps and 0 < count < 1e9 else None

    def decode(self) -> Generator[Raw, None, None]:
        """Decode from the beginning; see `VideoFile.decode`."""
        with _opened(self._path) as capture:
            yield from raws_of(capture)


def raws_of(capture: cv2.VideoCapture) -> Generator[Raw, None, None]:
    """What an open reader makes of the pictures that follow."""
    before_s = -1.0
    while capture.grab():
        at_s = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
        stamp_s, before_s = (at_s if at_s > before_s else None), max(at_s, before_s)
        is_read, image = capture.retrieve()
        if is_read and image.any():
            yield Raw(partial(as_bgr, image), stamp_s)
        else:
            yield Raw(None, stamp_s)


@contextmanager
def _opened(path: Path) -> Iterator[cv2.VideoCapture]:
    name = opencv_name(path)
    captures = (cv2.VideoCapture(name, reader) for reader in _READERS)
    capture = next((each for each in captures if each.isOpened()), None)
    if capture is None:
        raise no_video(path)
    try:
        yield capture
    finally:
        capture.release()
