"""A video file that is named only once it is whole."""

from __future__ import annotations

import logging
import shutil
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from edge_vad.errors import EdgeVadError
from edge_vad.files.atomic import make_private_file, make_private_folder
from edge_vad.opencv import cv2, opencv_name
from edge_vad.outputs.drawing import Image
from edge_vad.sinks.clips.codec import VP8, Codec
from edge_vad.sinks.store.media import PARTIAL

LEAST_FREE = 8_000_000
"""Bytes that must be free on the disk for a video to be begun: OpenCV does not tell a full disk."""
_LONGEST_GAP_S = 5.0
_MATROSKA = b"\x42\x82\x88matroska"
_WEBM = b"\x42\x82\x88webm\0\0\0\0"
_HEAD = 256
_DESCRIPTORS = 4
_log = logging.getLogger(__name__)


class VideoWriter:
    """Writes frames at their times into a video of a steady rate.

    Args:
        stem: The file without its ending.
        codec: Kind of the video.
        fps: Frames a second.
        width: Columns of the frames.
        height: Rows of the frames.

    Raises:
        OSError: The folder cannot be made.
        EdgeVadError: The disk is full, or this OpenCV cannot write it.
    """

    def __init__(self, stem: Path, codec: Codec, fps: float, width: int, height: int) -> None:
        make_private_folder(stem.parent)
        if shutil.disk_usage(stem.parent).free < LEAST_FREE:
            raise EdgeVadError("the disk is full", "free some space")
        self._path = stem.with_name(stem.name + codec.ending)
        self._partial = stem.with_name(stem.name + PARTIAL + codec.written)
        make_private_file(self._partial)  # here it is told where descriptors have run out
        self._fps, self._size = fps, (width, height)
        self._first_s = 0.0
        self._count = 0
        self._writer = cv2.VideoWriter(
            opencv_name(self._partial), cv2.VideoWriter.fourcc(*codec.fourcc), fps, self._size
        )
        if not self._writer.isOpened():
            self._partial.unlink(missing_ok=True)
            raise EdgeVadError("this OpenCV cannot write videos", "install one that has FFmpeg")

    def write(self, image: Image, time_s: float) -> None:
        """Add a frame; it is shown until the next one, or left out where one is too near."""
        if self._count == 0:
            self._first_s = time_s
        wanted = round((time_s - self._first_s) * self._fps) + 1
        repeats = min(wanted - self._count, round(_LONGEST_GAP_S * self._fps))
        if (image.shape[1], image.shape[0]) != self._size:
            image = cv2.resize(image, self._size).astype(np.uint8, copy=False)
        for _ in range(repeats):
            self._writer.write(image)
        if repeats < wanted - self._count:  # a long gap is made short
            self._first_s += (wanted - self._count - repeats) / self._fps
        self._count += max(0, repeats)

    def finish(self) -> Path:
        """Give the file its name; may be tried again.

        Raises:
            EdgeVadError: It cannot be played; it is kept unless it is empty.
            OSError: It cannot be opened just now, and is kept.
        """
        self._writer.release()
        return finish(self._partial, self._path)


def finish(partial: Path, path: Path) -> Path:
    """Give a written file its name, if it can be played.

    Raises:
        EdgeVadError: It cannot be played; it is kept unless it is empty.
        OSError: It cannot be opened just now, and is kept.
    """
    if not _plays(partial):
        if partial.is_file() and not partial.stat().st_size:
            partial.unlink()
        raise EdgeVadError("a video could not be written whole", "see whether the disk is full")
    if path.suffix == VP8.ending:
        _call_webm(partial)
    return partial.replace(path)


def finish_interrupted(folder: Path) -> None:
    """Finish the videos that a killed process has left half-written; delete what cannot play.

    What cannot be looked at just now is left for later.
    """
    for partial in folder.glob(f"*/*{PARTIAL}.*"):
        stem = partial.name.split(PARTIAL)[0]
        ending = VP8.ending if partial.suffix == VP8.written else partial.suffix
        try:
            finish(partial, partial.with_name(stem + ending))
        except EdgeVadError:
            partial.unlink(missing_ok=True)
        except OSError as error:
            _log.warning("%s is left as it is (%s)", partial.name, error.strerror)


def _plays(path: Path) -> bool:
    """Whether a video can be played.

    Raises:
        OSError: It cannot be told, as no file can be opened just now.
    """
    if not path.is_file() or not path.stat().st_size:
        return False
    _demand_descriptors(path)
    if _shows(path):
        return True
    _demand_descriptors(path)  # or it was for lack of them
    return False


def _demand_descriptors(path: Path) -> None:
    """See to it that as many files can be opened as it takes to play a video.

    Raises:
        OSError: They cannot.
    """
    with ExitStack() as opened:
        for _ in range(_DESCRIPTORS):
            opened.enter_context(path.open("rb"))


def _shows(path: Path) -> bool:
    video = cv2.VideoCapture(opencv_name(path))
    try:
        return bool(video.isOpened() and video.read()[0])
    finally:
        video.release()


def _call_webm(path: Path) -> None:
    """Say in the file's head that it is WebM; the name is shorter, and filled up with zeros."""
    with path.open("r+b") as file:
        place = file.read(_HEAD).find(_MATROSKA)
        if place >= 0:
            file.seek(place)
            file.write(_WEBM)
