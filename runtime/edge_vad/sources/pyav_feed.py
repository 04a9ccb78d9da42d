"""Network cameras through PyAV: RTSP, HTTP, RTMP, SRT, UDP, and single pictures by HTTP."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING

import av
import numpy as np
from av.error import FFmpegError
from numpy.typing import NDArray

from edge_vad.sources.address import CameraSpec
from edge_vad.sources.decoding import plausible
from edge_vad.sources.feed import Feed, FeedLost
from edge_vad.sources.pyav_decoding import Converter, has_stamps, prepare_decoder
from edge_vad.sources.wholeness import Wholeness

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

_USUAL_FPS = 25.0
_STILLS_FPS = 1.0
_REFUSED_S = 60.0
"""Until a login is tried again: cameras lock out who guesses."""
_UNWHOLE_S = 15.0
"""Without a whole picture for so long, a connection is made anew."""

# Half a second of stream tells FFmpeg enough; by default it looks at five, and is late by them.
_OPTIONS = {
    "analyzeduration": "500000",
    "fpsprobesize": "1",
    # No files: a playlist may name anything.
    "protocol_whitelist": "crypto,data,http,https,rtmp,rtmps,rtp,rtsp,rtsps,srt,srtp,tcp,tls,udp",
}
_REASONS = {
    "HTTPUnauthorizedError": "refuses the login",
    "HTTPForbiddenError": "refuses access",
    "HTTPNotFoundError": "has nothing at this address",
    "ConnectionRefusedError": "refuses the connection",
}
_OF_LOGINS = frozenset({"HTTPUnauthorizedError", "HTTPForbiddenError"})


class PyAvFeed(Feed):
    """A network camera through PyAV.

    A camera that gives single pictures is asked again and again, as often as its address says.

    Args:
        spec: Which camera, and what to ask of it.
        timeout_s: How long it may take to answer, and to send the next frame.

    Raises:
        FeedLost: It does not answer, or sends no video.
    """

    def __init__(self, spec: CameraSpec, timeout_s: float) -> None:
        self._spec, self._timeout_s = spec, timeout_s
        self._converter = Converter()
        self._frame: VideoFrame | None = None
        self._container = self._open()
        form = self._container.format.name
        self._is_still = form == "image2" or form.endswith("_pipe")
        self._has_stamps = has_stamps(self._container)
        stream = self._container.streams.video[0]
        declared = stream.average_rate or stream.guessed_rate
        self.fps = plausible(float(declared) if declared else None) or _USUAL_FPS
        if self._is_still:
            self.fps, self.is_fps_certain = spec.fps or _STILLS_FPS, True
        self._due_s = time.monotonic()

    def grab(self) -> float | None:
        """Wait for the next frame; see `Feed.grab`."""
        if self._is_still:
            self._ask_again()
            return None
        began_s = time.monotonic()
        while (frame := self._next()) is None:
            if time.monotonic() - began_s > _UNWHOLE_S:
                raise FeedLost(f"{self._spec.shown} sends no whole pictures")
        self._frame = frame
        return frame.time if self._has_stamps else None

    def retrieve(self, spare: NDArray[np.uint8] | None) -> NDArray[np.uint8]:  # noqa: ARG002
        """Convert the frame that was grabbed; see `Feed.retrieve`."""
        assert self._frame is not None  # noqa: S101 - grabbed before
        try:
            return self._converter.convert(self._frame)
        except (FFmpegError, ValueError) as error:
            raise self._lost(error, "sends pictures that cannot be converted") from None

    def close(self) -> None:
        """Close the connection."""
        self._container.close()

    def _open(self) -> InputContainer:
        spec = self._spec
        options = {**_OPTIONS, **dict(spec.options)}
        if spec.address.lower().startswith("rtsp"):
            options["rtsp_transport"] = spec.transport
        try:
            container = av.open(
                spec.address, metadata_errors="replace", options=options, timeout=self._timeout_s
            )
        except (FFmpegError, OSError, ValueError) as error:
            raise self._lost(error, "does not answer") from None
        if not container.streams.video:
            container.close()
            raise FeedLost(f"{spec.shown} sends no video")
        prepare_decoder(container.streams.video[0].codec_context, at_once=True)
        self._packets: Iterator[Packet[VideoStream]] = container.demux(container.streams.video[0])
        self._whole = Wholeness()
        self._frames: deque[VideoFrame] = deque()
        return container

    def _next(self) -> VideoFrame | None:
        """The next picture; None where it is not whole, or not there yet."""
        if not self._frames:
            self._frames += self._decode()
        if not self._frames:
            return None
        frame = self._frames.popleft()
        if self._whole.takes(frame):
            return frame
        self.skipped += 1
        return None

    def _decode(self) -> list[VideoFrame]:
        try:
            packet = next(self._packets, None)
        except FFmpegError as error:
            raise self._lost(error, "stopped sending") from None
        if packet is None or (not packet.size and packet.dts is None):
            raise FeedLost(f"{self._spec.shown} stopped sending")
        try:
            return packet.decode() if packet.size else []
        except FFmpegError:
            self._whole.fail(packet)
            self.skipped += 1
            return []

    def _ask_again(self) -> None:
        """The next single picture, when it is due."""
        if self._frame is not None:
            self._container.close()
            self._due_s = max(self._due_s + 1 / self.fps, time.monotonic() - 1 / self.fps)
            time.sleep(max(0.0, self._due_s - time.monotonic()))
            self._container = self._open()
        self._frame = None
        for packet in self._packets:
            try:
                frames = packet.decode()
            except FFmpegError:
                break
            if frames and not frames[0].is_corrupt:
                self._frame = frames[0]
                return
        raise FeedLost(f"{self._spec.shown} sends a broken picture")

    def _lost(self, error: Exception, usually: str) -> FeedLost:
        kind = type(error).__name__
        patience_s = _REFUSED_S if kind in _OF_LOGINS else 0.0
        return FeedLost(f"{self._spec.shown} {_REASONS.get(kind, usually)}", patience_s)
