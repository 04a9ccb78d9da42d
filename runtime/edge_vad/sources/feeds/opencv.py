"""Cameras that OpenCV opens: USB, CSI, RTSP and HTTP."""

from __future__ import annotations

import logging
import os
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray

from edge_vad.errors import Unavailable
from edge_vad.opencv import cv2
from edge_vad.sources.addresses.address import CameraKind, CameraSpec
from edge_vad.sources.decoding import pipelines
from edge_vad.sources.decoding.pictures import as_bgr
from edge_vad.sources.decoding.sizes import demand_alike
from edge_vad.sources.decoding.video_file import has_pyav, plausible
from edge_vad.sources.feeds.feed import Feed, FeedLost
from edge_vad.sources.feeds.hosts import Hosts, LeadsElsewhere
from edge_vad.sources.feeds.refusal import REFUSED_S, refusal
from edge_vad.sources.feeds.web import check_named

# Half a second of stream tells FFmpeg enough; by default it looks at five, and is late by them.
_FFMPEG = "rtsp_transport;tcp|analyzeduration;500000|fpsprobesize;1"
_USUAL_FPS = 25.0
# A picture that begins while none is free is lost: of one alone, a third and more of them.
_USB_BUFFERS = 4
_CSI_SIZE, _CSI_FPS = (1280, 720), 30.0

_log = logging.getLogger("edge_vad.sources")


class OpenCvFeed(Feed):
    """A camera through OpenCV.

    Args:
        spec: Which camera, and what to ask of it.
        timeout_s: How long it may take to answer, and to send the next frame.

    Raises:
        FeedLost: It does not answer.
        Unavailable: This OpenCV cannot speak to such a camera.
    """

    def __init__(self, spec: CameraSpec, timeout_s: float) -> None:
        _prepare_opencv(timeout_s)
        if spec.kind is CameraKind.NETWORK:
            _refuse_other_hosts(spec, timeout_s)
        self._capture, self.decoder = _open(spec, timeout_s)
        if not self._capture.isOpened():
            self._capture.release()
            if spec.kind is CameraKind.NETWORK:
                raise refusal(spec.address, spec.shown, timeout_s)
            raise FeedLost(f"{spec.shown} does not answer")
        self._shown = spec.shown
        self.fps = plausible(self._capture.get(cv2.CAP_PROP_FPS)) or _USUAL_FPS

    def grab(self) -> float | None:
        """Wait for the next frame; see `Feed.grab`. OpenCV's stamps are of no use here."""
        try:
            is_grabbed = self._capture.grab()
        except cv2.error as error:
            raise FeedLost(f"{self._shown} sends no pictures ({error.err})") from None
        if not is_grabbed:
            raise FeedLost(f"{self._shown} stopped sending")
        return None

    def retrieve(self, spare: NDArray[np.uint8] | None) -> NDArray[np.uint8]:
        """Convert the frame that was grabbed; see `Feed.retrieve`."""
        try:
            is_read, image = self._capture.retrieve(spare)
        except cv2.error as error:
            raise FeedLost(f"{self._shown} sends no pictures ({error.err})") from None
        if not is_read:
            raise FeedLost(f"{self._shown} sends pictures that cannot be decoded")
        return as_bgr(image)

    def close(self) -> None:
        """Close the connection."""
        self._capture.release()


def _open(spec: CameraSpec, timeout_s: float) -> tuple[cv2.VideoCapture, str]:
    """Open a camera; with what decodes it. A pipeline that fails is told, and left for software."""
    used = "" if spec.kind is CameraKind.CSI else "software"
    if used and spec.decode != "software" and pipelines.are_for_this_machine():
        why = "there is no pipeline for it"
        if text := _pipeline_of(spec, timeout_s):
            capture = cv2.VideoCapture(text, cv2.CAP_GSTREAMER)
            if capture.isOpened():
                return capture, pipelines.USED
            capture.release()
            why = f"{pipelines.USED} refuses the stream"
        _log.warning("%s is decoded in software: %s", spec.shown, why)
        used = f"software ({why})"
    return _OPENERS[spec.kind](spec, round(timeout_s * 1000)), used


def _pipeline_of(spec: CameraSpec, timeout_s: float) -> str:
    """The pipeline of a camera; empty where there is none for it."""
    if not pipelines.has_gstreamer():
        return ""
    if spec.kind is CameraKind.USB:
        return pipelines.of_device(spec.address, spec.size, spec.fps)
    if not spec.address.startswith(("rtsp://", "rtsps://")) or not has_pyav():
        return ""
    from edge_vad.sources.feeds.pyav_connection import look

    codec, own = look(spec, timeout_s)
    if codec not in pipelines.CODECS:
        return ""
    demand_alike(spec.shown, own, spec.size)
    return pipelines.of_network(spec.address, codec, spec.transport, timeout_s, spec.size)


def _refuse_other_hosts(spec: CameraSpec, timeout_s: float) -> None:
    """OpenCV follows redirections and cannot be told not to; what a playlist names is not seen."""
    try:
        with suppress(OSError):  # why is told once it cannot be opened
            check_named(spec.address, timeout_s, Hosts(spec.address, spec.hosts))
    except LeadsElsewhere as error:
        raise FeedLost(str(error), REFUSED_S) from None


def _prepare_opencv(timeout_s: float) -> None:
    """Make OpenCV mute, for its own words repeat addresses with their passwords."""
    os.environ.setdefault("OPENCV_FFMPEG_CAPTURE_OPTIONS", _FFMPEG)
    os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", str(max(1, round(timeout_s))))
    logging = getattr(cv2.utils, "logging", None)
    if logging is not None:
        logging.setLogLevel(logging.LOG_LEVEL_SILENT)


def _open_usb(spec: CameraSpec, timeout_ms: int) -> cv2.VideoCapture:  # noqa: ARG001
    capture = cv2.VideoCapture(spec.address, cv2.CAP_V4L2)
    if capture.isOpened():
        # Uncompressed pictures of any size fill a USB bus with one camera.
        capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        if spec.size:
            capture.set(cv2.CAP_PROP_FRAME_WIDTH, spec.size[0])
            capture.set(cv2.CAP_PROP_FRAME_HEIGHT, spec.size[1])
        if spec.fps:
            capture.set(cv2.CAP_PROP_FPS, spec.fps)
        capture.set(cv2.CAP_PROP_BUFFERSIZE, _USB_BUFFERS)
    return capture


def _open_csi(spec: CameraSpec, timeout_ms: int) -> cv2.VideoCapture:  # noqa: ARG001
    demand_backend(spec.kind)
    return cv2.VideoCapture(csi_pipeline(spec), cv2.CAP_GSTREAMER)


def csi_pipeline(spec: CameraSpec) -> str:
    """The GStreamer pipeline of a Jetson's CSI camera; only the newest frame waits in it."""
    width, height = spec.size or _CSI_SIZE
    fps = round(spec.fps or _CSI_FPS)
    number = spec.address.removeprefix("csi://")
    return (
        f"nvarguscamerasrc sensor-id={number} ! "
        f"video/x-raw(memory:NVMM),width={width},height={height},framerate={fps}/1 ! "
        "nvvidconv ! video/x-raw,format=BGRx ! videoconvert ! video/x-raw,format=BGR ! "
        "appsink max-buffers=1 drop=true sync=false"
    )


def _open_network(spec: CameraSpec, timeout_ms: int) -> cv2.VideoCapture:
    demand_backend(spec.kind)
    wanted = [
        *(cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, timeout_ms),
        *(cv2.CAP_PROP_READ_TIMEOUT_MSEC, timeout_ms),
    ]
    # With several threads FFmpeg holds back as many frames.
    threads = getattr(cv2, "CAP_PROP_N_THREADS", None)
    if threads is not None:
        wanted += [threads, 1]
    return cv2.VideoCapture(spec.address, cv2.CAP_FFMPEG, wanted)


def demand_backend(kind: CameraKind) -> None:
    """See to it that this OpenCV can speak to cameras of a kind at all.

    Raises:
        Unavailable: It cannot.
    """
    if kind is CameraKind.CSI and not _is_built_with(cv2.CAP_GSTREAMER):
        raise Unavailable(
            "this OpenCV is built without GStreamer, which csi:// cameras need",
            pipelines.SYSTEM_OPENCV,
        )
    if kind is CameraKind.NETWORK and not _is_built_with(cv2.CAP_FFMPEG):
        raise Unavailable(
            "this OpenCV is built without FFmpeg, which network cameras need",
            "run pip install opencv-python-headless; edge-vad doctor says more",
        )


def _is_built_with(backend: int) -> bool:
    return bool(cv2.videoio_registry.hasBackend(backend))


_OPENERS = {
    CameraKind.USB: _open_usb,
    CameraKind.CSI: _open_csi,
    CameraKind.NETWORK: _open_network,
}
