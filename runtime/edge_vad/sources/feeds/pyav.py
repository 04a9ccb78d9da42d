"""Network cameras through PyAV: RTSP, HTTP, RTMP, SRT, UDP, and single pictures by HTTP."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np
from av.error import FFmpegError
from numpy.typing import NDArray

from edge_vad.frame import Form
from edge_vad.sources.addresses.address import CameraSpec
from edge_vad.sources.decoding.damage_tracker import DamageTracker, DecodedPicture
from edge_vad.sources.decoding.pyav import Converter, decoder_of, has_stamps
from edge_vad.sources.decoding.video_file import plausible
from edge_vad.sources.feeds.feed import Feed, FeedLost
from edge_vad.sources.feeds.pyav_connection import FAILURES, StreamConnection, lost

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

_USUAL_FPS = 25.0
_STILLS_FPS = 1.0
_LONGEST_DAMAGE_S = 15.0
"""Without a whole picture for so long, a connection is made anew."""


class PyAvFeed(Feed):
    """A network camera through PyAV.

    A camera that gives single pictures is asked again and again, as often as its address says.

    Args:
        spec: Which camera, and what to ask of it.
        timeout_s: How long it may take to answer, and to send the next frame.

    Raises:
        FeedLost: It does not answer, or sends no video.
        Unavailable: This machine has no such unit as is to decode it.
    """

    def __init__(self, spec: CameraSpec, timeout_s: float) -> None:
        self._spec, self._timeout_s = spec, timeout_s
        self._converter = Converter(spec.shown, spec.size)
        self._frame: VideoFrame | None = None
        self._connection = self._open()
        container = self._connection.container
        form = container.format.name
        self._is_still = form == "image2" or form.endswith("_pipe")
        self._has_stamps = has_stamps(container)
        stream = container.streams.video[0]
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
            if time.monotonic() - began_s > _LONGEST_DAMAGE_S:
                raise FeedLost(f"{self._spec.shown} sends no whole pictures")
        self._frame = frame
        return frame.time if self._has_stamps else None

    def retrieve(self, spare: NDArray[np.uint8] | None) -> NDArray[np.uint8]:  # noqa: ARG002
        """Convert the frame that was grabbed; see `Feed.retrieve`."""
        assert self._frame is not None  # noqa: S101 - grabbed before
        try:
            return self._converter.convert(self._frame)
        except (FFmpegError, ValueError):
            raise FeedLost(f"{self._spec.shown} sends pictures that cannot be converted") from None

    def planes(self, form: Form) -> NDArray[np.uint8]:
        """The frame that was grabbed in NV12; see `Feed.planes`."""
        assert self._frame is not None  # noqa: S101 - grabbed before
        return self._converter.planes(self._frame, form)

    @property
    def decoder(self) -> str:  # type: ignore[override]
        """What decodes the pictures."""
        return self._decoder.used

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _open(self) -> StreamConnection:
        connection = StreamConnection(self._spec, self._timeout_s)
        container = connection.container
        if not container.streams.video:
            connection.close()
            raise FeedLost(f"{self._spec.shown} sends no video")
        stream = container.streams.video[0]
        self._decoder = decoder_of(stream, self._spec.decode, self._spec.shown, at_once=True)
        self._packets: Iterator[Packet[VideoStream]] = container.demux(stream)
        self._whole = DamageTracker()
        self._seen: deque[DecodedPicture] = deque()
        return connection

    def _next(self) -> VideoFrame | None:
        """The next picture; None where it is not whole, or not there yet."""
        if not self._seen:
            for frame in self._decode():
                self._seen += self._whole.take(frame)
        if not self._seen:
            return None
        seen = self._seen.popleft()
        if seen.is_whole:
            return seen.frame
        self.skipped += 1
        return None

    def _decode(self) -> list[VideoFrame]:
        try:
            packet = next(self._packets, None)
        except FAILURES as error:
            raise lost(self._spec.shown, error, "stopped sending") from None
        if packet is None or (not packet.size and packet.dts is None):
            raise FeedLost(f"{self._spec.shown} stopped sending")
        self._whole.send(packet)
        try:
            return self._decoder.decode(packet) if packet.size else []
        except FFmpegError:
            self._whole.fail(packet)
            self.skipped += 1
            return []

    def _ask_again(self) -> None:
        """The next single picture, when it is due."""
        if self._frame is not None:
            self._connection.close()
            self._due_s = max(self._due_s + 1 / self.fps, time.monotonic() - 1 / self.fps)
            time.sleep(max(0.0, self._due_s - time.monotonic()))
            self._connection = self._open()
        self._frame = None
        with suppress(*FAILURES):
            for packet in self._packets:
                frames = self._decoder.decode(packet)
                if frames and not frames[0].is_corrupt:
                    self._frame = frames[0]
                    return
        raise FeedLost(f"{self._spec.shown} sends a broken picture")
