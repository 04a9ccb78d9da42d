"""Writes pictures into a video file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edge_vad.errors import EdgeVadError, Unavailable
from edge_vad.opencv import cv2, opencv_name
from edge_vad.outputs.drawing import Image

_LONGEST_HOLE_S = 5.0


class AnnotatedVideoFile:
    """An mp4 video, MPEG-4 part 2, which OpenCV's own wheel can write.

    Args:
        path: The file, ending in `.mp4`; replaced when it is there.
        fps: Frames a second.
        width: Columns of the pictures.
        height: Rows of the pictures.

    Raises:
        Unavailable: This OpenCV cannot write such a video there.
    """

    def __init__(self, path: Path, fps: float, width: int, height: int) -> None:
        self._path = path
        self._frames, self._fps, self._begins_s = 0, fps, 0.0
        self._shown = np.zeros((height, width, 3), np.uint8)
        codec = cv2.VideoWriter.fourcc(*"mp4v")
        self._writer = cv2.VideoWriter(opencv_name(path), codec, fps, (width, height))
        if not self._writer.isOpened():
            raise Unavailable(
                f"this OpenCV cannot write {path.name}",
                "leave the video out with --no-video, or install an OpenCV that has FFmpeg",
            )

    def write(self, picture: Image, time_s: float) -> None:
        """Add the next picture, which is shown until the one after it; a long hole is made short.

        Args:
            picture: uint8, (height, width, 3).
            time_s: When it is to be shown, s.
        """
        missing = round((time_s - self._begins_s) * self._fps) - self._frames
        if self._frames == 0 or not 0 <= missing <= _LONGEST_HOLE_S * self._fps:
            self._begins_s = time_s - self._frames / self._fps
            missing = 0
        for _ in range(missing):
            self._writer.write(self._shown)
        self._writer.write(picture)
        np.copyto(self._shown, picture)
        self._frames += missing + 1

    def close(self) -> None:
        """Write the end of the file; harmless when called twice.

        Raises:
            EdgeVadError: The file is not whole: OpenCV says nothing when a disk is full.
        """
        if not self._writer.isOpened():
            return
        self._writer.release()
        if self._frames and not _is_whole(self._path, self._frames):
            raise EdgeVadError(
                f"the video {self._path.name} could not be written whole",
                "free some space on the disk, or leave the video out with --no-video",
            )


def _is_whole(path: Path, frames: int) -> bool:
    """Whether no counted frame is missing; Ctrl-C may fall between writing one and counting it."""
    written = cv2.VideoCapture(opencv_name(path))
    try:
        return written.isOpened() and int(written.get(cv2.CAP_PROP_FRAME_COUNT)) >= frames
    finally:
        written.release()
