"""Opens network cameras with PyAV, and reaches no other host than was named."""

from __future__ import annotations

import socket
import ssl
from contextlib import closing
from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.parse import urlsplit

import av
from av.error import FFmpegError

from edge_vad.sources.addresses.address import CameraSpec
from edge_vad.sources.decoding.pyav import MOST_PIXELS
from edge_vad.sources.feeds.feed import FeedLost
from edge_vad.sources.feeds.hosts import Hosts, LeadsElsewhere
from edge_vad.sources.feeds.refusal import REFUSED_S, SOME_FAILURE, SOME_REFUSAL, refused
from edge_vad.sources.feeds.web import OPTIONS as WEB_OPTIONS
from edge_vad.sources.feeds.web import RTSP_SCHEMES, WEB_SCHEMES, Web, WebFile, check_rtsp

if TYPE_CHECKING:
    from av.container import InputContainer

# Half a second of stream tells FFmpeg enough; by default it looks at five, and is late by them.
_QUICK = {"analyzeduration": "500000", "fpsprobesize": "1", "max_pixels": MOST_PIXELS}
# Whoever copies packets must know all about a stream, and may wait for it: FFmpeg looks on for the
# header that comes with the first key frame. Sound is not even asked for.
_PATIENT = {**_QUICK, "analyzeduration": "10000000", "allowed_media_types": "video"}
_RTSP_OPTIONS = {"protocol_whitelist": "crypto,data,rtp,rtsp,rtsps,srtp,tcp,tls,udp"}
_STREAM_OPTIONS = {
    # No playlists and no SDP: they may name anything.
    "format_whitelist": "flv,h264,hevc,matroska,mjpeg,mov,mpeg,mpegts,mpegvideo,mpjpeg,webm",
    "protocol_whitelist": "crypto,data,rtmp,rtmps,srt,tcp,tls,udp",
}
FAILURES = (FFmpegError, LeadsElsewhere, OSError, ValueError)
"""What PyAV raises, and what it was given to read from."""

_REASONS: dict[type[OSError], str] = {
    ConnectionRefusedError: "refuses the connection",
    socket.gaierror: "has a name that is not known here",
    ssl.SSLError: "does not speak TLS as it should",
}
_STATUSES = {
    "HTTPBadRequestError": 400,
    "HTTPUnauthorizedError": 401,
    "HTTPForbiddenError": 403,
    "HTTPNotFoundError": 404,
    "HTTPTooManyRequestsError": 429,
    "HTTPOtherClientError": SOME_REFUSAL,
    "HTTPServerError": SOME_FAILURE,
}


class StreamConnection:
    """An open connection to a camera.

    Args:
        spec: Which camera, and what to ask of it.
        timeout_s: How long it may take to answer, and to send the next piece.
        is_copied: Whether packets are copied, which needs the stream's whole header.

    Attributes:
        container: What it sends.

    Raises:
        FeedLost: It does not answer, or leads elsewhere.
    """

    def __init__(self, spec: CameraSpec, timeout_s: float, *, is_copied: bool = False) -> None:
        self._looking = _PATIENT if is_copied else _QUICK
        self._file: WebFile | None = None
        try:
            self.container = self._open(spec, timeout_s, Hosts(spec.address, spec.hosts))
        except FAILURES as error:
            usually = "does not answer" if self._file is None else "sends no video"
            self._close_file()
            raise lost(spec.shown, error, usually) from None

    def close(self) -> None:
        """End it."""
        self.container.close()
        self._close_file()

    def _open(self, spec: CameraSpec, timeout_s: float, hosts: Hosts) -> InputContainer:
        own = {**self._looking, **dict(spec.options)}
        scheme = urlsplit(spec.address).scheme.lower()
        if scheme in WEB_SCHEMES:
            web = Web(spec.address, timeout_s, hosts, own.pop("user_agent", None))
            self._file = web.open()
            return av.open(
                self._file,
                "r",
                metadata_errors="replace",
                options={**own, **WEB_OPTIONS},
                timeout=timeout_s,
                io_open=web.io_open,
            )
        if scheme in RTSP_SCHEMES:
            check_rtsp(spec.address, timeout_s, hosts)
            own |= {**_RTSP_OPTIONS, "rtsp_transport": spec.transport}
        else:
            own |= _STREAM_OPTIONS
        return av.open(spec.address, metadata_errors="replace", options=own, timeout=timeout_s)

    def _close_file(self) -> None:
        if self._file is not None:
            self._file.close()


def look(spec: CameraSpec, timeout_s: float) -> tuple[str, tuple[int, int]]:
    """Connect to a camera to see what it sends: codec, and width and height in px.

    Raises:
        FeedLost: It does not answer, leads elsewhere, or sends no video.
    """
    with closing(StreamConnection(spec, timeout_s)) as connection:
        streams = connection.container.streams.video
        if not streams:
            raise FeedLost(f"{spec.shown} sends no video")
        decoder = streams[0].codec_context
        return decoder.codec.canonical_name, (decoder.width, decoder.height)


def lost(shown: str, error: Exception, usually: str) -> FeedLost:
    """Why a camera is lost; what it refuses, or where it leads, is not tried again soon.

    Args:
        shown: The camera for people.
        error: One of `FAILURES`.
        usually: What is said of other errors.
    """
    if isinstance(error, LeadsElsewhere):
        return FeedLost(str(error), REFUSED_S)
    for kind, reason in _REASONS.items():
        if isinstance(error, kind):
            return FeedLost(f"{shown} {reason}")
    status = _STATUSES.get(type(error).__name__, 0)
    if isinstance(error, HTTPError):
        error.close()
        status = error.code
    return refused(shown, status, usually)
