"""Decodes key frames and nothing else: a look at a stream that costs next to nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import av
from av.error import FFmpegError

from edge_vad.record.samples import Image
from edge_vad.sources.decoding.pyav import MOST_PIXELS, Converter

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.codeccontext import VideoCodecContext
    from av.video.stream import VideoStream


class KeyFrameDecoder:
    """Decodes single key frames of a stream that is copied.

    Args:
        stream: Which; its own decoder stays unused.
    """

    def __init__(self, stream: VideoStream) -> None:
        own = stream.codec_context
        decoder: VideoCodecContext = av.CodecContext.create(own.name, "r")  # type: ignore[assignment]
        decoder.extradata = own.extradata
        decoder.thread_count = 1
        decoder.options = {"max_pixels": MOST_PIXELS}
        self._decoder, self._converter = decoder, Converter("the camera")

    def decode(self, packet: Packet[VideoStream]) -> Image | None:
        """The picture of a key frame; None where it is damaged."""
        try:
            frames = [*self._decoder.decode(packet), *self._decoder.decode(None)]
            self._decoder.flush_buffers()
            whole = [frame for frame in frames if not frame.is_corrupt]
            return self._converter.convert(whole[0]) if whole else None
        except (FFmpegError, ValueError):
            return None
