"""GStreamer pipelines that decode on a Jetson, and hand over pictures as large as was asked for."""

from __future__ import annotations

from pathlib import Path

from edge_vad.device.fingerprint import read_jetson, read_l4t
from edge_vad.errors import Unavailable
from edge_vad.opencv import cv2

USED = "nvv4l2decoder"
"""What decodes in these pipelines: the unit of a Jetson, by the kernel's interface for it."""

SYSTEM_OPENCV = (
    "use the system's OpenCV: python3-opencv, in an environment made with --system-site-packages; "
    "edge-vad doctor says more"
)
_DEPAY = {"h264": "rtph264depay ! h264parse", "hevc": "rtph265depay ! h265parse"}
CODECS = frozenset(_DEPAY)
"""What can be taken from an RTSP camera."""

_NEWEST = "appsink max-buffers=1 drop=true sync=false"
_EVERY = "appsink max-buffers=4 drop=false sync=false"

Size = tuple[int, int]


def are_for_this_machine() -> bool:
    """Whether this is a Jetson: its unit is reached by no other way."""
    return bool(read_jetson() or read_l4t())


def has_gstreamer() -> bool:
    """Whether this OpenCV is built with GStreamer."""
    return bool(cv2.videoio_registry.hasBackend(cv2.CAP_GSTREAMER))


def lack_of_pipelines() -> str:
    """Why a Jetson's unit cannot be used; empty where it can."""
    return "" if has_gstreamer() else "this OpenCV is built without GStreamer"


def demand_pipelines(decode: str) -> None:
    """See to it that a Jetson's unit can be used, where it was asked for by its name.

    Raises:
        Unavailable: It cannot, or is another machine's.
    """
    if decode == "vaapi":
        raise Unavailable("decode=vaapi: a Jetson has none", "use decode=auto, or decode=nvdec")
    if decode not in ("auto", "software") and (lack := lack_of_pipelines()):
        raise Unavailable(f"decode={decode}: {lack}", SYSTEM_OPENCV)


def of_network(
    address: str, codec: str, transport: str, timeout_s: float, size: Size | None
) -> str:
    """The pipeline of an RTSP camera; only the newest picture waits in it.

    Args:
        address: Of the camera, with its password.
        codec: `h264` or `hevc`.
        transport: `tcp` or `udp`.
        timeout_s: How long it may send nothing.
        size: Width and height of what is handed over, px; as it is sent when None.
    """
    patience_us = round(timeout_s * 1e6)
    source = (
        f"rtspsrc location={_quoted(address)} protocols={transport} latency=0 "
        f"timeout={patience_us} tcp-timeout={patience_us}"
    )
    return f"{source} ! {_DEPAY[codec]} ! {USED} ! {_scaled(size)} ! {_NEWEST}"


def of_device(path: str, size: Size | None, fps: float | None) -> str:
    """The pipeline of a USB camera that sends JPEG pictures.

    Args:
        path: Of the device.
        size: Width and height to ask the camera for, px.
        fps: Frames a second to ask it for.
    """
    asked = ["image/jpeg"]
    asked += [f"width={size[0]},height={size[1]}"] if size else []
    asked += [f"framerate={round(fps)}/1"] if fps else []
    caps = ",".join(asked)
    return f"v4l2src device={path} ! {caps} ! {USED} mjpeg=1 ! {_scaled(None)} ! {_NEWEST}"


def of_file(path: Path, size: Size | None) -> str:
    """The pipeline of a video file; no picture is dropped."""
    source = f"filesrc location={_quoted(str(path.absolute()))} ! parsebin"
    return f"{source} ! {USED} ! {_scaled(size)} ! {_EVERY}"


def _scaled(size: Size | None) -> str:
    """Scaled before it leaves the unit's memory: pictures are small when the CPU first has them."""
    sized = f",width={size[0]},height={size[1]}" if size else ""
    return f"nvvidconv ! video/x-raw,format=BGRx{sized} ! videoconvert ! video/x-raw,format=BGR"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
