"""OpenCV, or a clear word on how to get it.

It is no hard dependency: a Jetson's own OpenCV has GStreamer, and pip's must not replace it.
"""

import os
from pathlib import Path

from edge_vad.errors import BadInput, Unavailable

# The lines of FFmpeg and OpenCV repeat addresses, and what is broken is told as an error here.
# OpenCV reads both once; before 4.10 nothing else makes it mute.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")

try:
    import cv2
except ImportError as error:
    raise Unavailable(
        "OpenCV is not installed",
        "run pip install 'edge-vad[cpu]'; on a Jetson use the system's package python3-opencv",
    ) from error

__all__ = ["cv2", "opencv_name"]


def opencv_name(path: Path) -> str:
    """A path as OpenCV's readers and writers of video take it.

    Absolute, because FFmpeg takes what stands before a colon for a protocol.

    Raises:
        BadInput: It is no UTF-8; OpenCV would end the process.
    """
    name = str(path.absolute())
    try:
        name.encode()
    except UnicodeEncodeError:
        raise BadInput(f"the path {name!r} is not UTF-8", "rename it") from None
    return name
