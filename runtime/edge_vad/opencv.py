"""OpenCV, or a clear word on how to get it.

It is no hard dependency: a Jetson's own OpenCV has GStreamer, and pip's must not replace it.
"""

from edge_vad.errors import Unavailable

try:
    import cv2
except ImportError as error:
    raise Unavailable(
        "OpenCV is not installed",
        "run pip install 'edge-vad[cpu]'; on a Jetson use the system's package python3-opencv",
    ) from error

__all__ = ["cv2"]
