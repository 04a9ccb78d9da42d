"""What this OpenCV can read, and which cameras are plugged in."""

from __future__ import annotations

import re
from pathlib import Path

from edge_vad.discovery.plugged import find_plugged
from edge_vad.doctor.report import CameraSupport, Feature
from edge_vad.errors import Unavailable

_FOR_JETSON = (
    "keep to the system's OpenCV: pip uninstall -y opencv-python opencv-python-headless, "
    "sudo apt install python3-opencv, and make the environment with python3 -m venv "
    "--system-site-packages"
)
_FOR_OTHERS = (
    "pip's OpenCV comes without it, the system's has it: sudo apt install python3-opencv, and "
    "make the environment with python3 -m venv --system-site-packages"
)
_WINDOWS = "pip uninstall -y opencv-python-headless && pip install 'edge-vad[gui]'"


def examine_cameras(is_jetson: bool, root: Path = Path("/")) -> CameraSupport:
    """Ask OpenCV what it was built with, and the system for its cameras."""
    cameras = find_plugged(root)
    try:
        from edge_vad.opencv import cv2
    except Unavailable as error:
        mend = _FOR_JETSON if is_jetson else error.todo
        return CameraSupport(None, (Feature("OpenCV", False, error.what, mend),), cameras)
    features = read_features(cv2.getBuildInformation(), is_jetson)
    return CameraSupport(cv2.__version__, features, cameras)


def read_features(build: str, is_jetson: bool) -> tuple[Feature, ...]:
    """Read what matters for cameras from `cv2.getBuildInformation()`."""
    system = _FOR_JETSON if is_jetson else _FOR_OTHERS
    windows = _FOR_JETSON if is_jetson else _WINDOWS
    gui = _line(build, "GUI") or "NONE"
    has_windows = gui != "NONE"
    return (
        _feature(build, "GStreamer", "GStreamer", "csi:// cameras and pipelines", system),
        _feature(build, "V4L2", "v4l/v4l2", "USB cameras", system),
        _feature(build, "FFmpeg", "FFMPEG", "RTSP, HTTP and files", system),
        Feature("windows", has_windows, gui, None if has_windows else windows),
    )


def _feature(build: str, name: str, label: str, use: str, mend: str) -> Feature:
    found = _line(build, label) or "NO"
    present = found.startswith("YES")
    if not present:
        return Feature(name, False, f"for {use}", mend)
    detail = found.removeprefix("YES").strip(" ()")
    return Feature(name, True, f"for {use}" + (f" ({detail})" if detail else ""))


def _line(build: str, label: str) -> str | None:
    found = re.search(rf"^\s*{re.escape(label)}:[ \t]*(.*)$", build, re.MULTILINE)
    return found[1].strip() if found else None
