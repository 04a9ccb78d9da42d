"""PyAV: how a stream is decoded, and its pictures are converted."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import av
import numpy as np
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.codeccontext import VideoCodecContext
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

av.logging.set_level(None)  # FFmpeg's own lines repeat addresses with their passwords

_RAW = frozenset(
    {"av1", "h261", "h263", "h264", "hevc", "image2", "m4v", "mjpeg", "mpjpeg", "mpegvideo", "obu"}
    | {"vc1", "vvc"}
)
"""Formats that hold nothing but pictures: FFmpeg makes up stamps for them."""

MOST_PIXELS = str(2**25)
"""Of a picture: a small file may unpack to gigabytes."""

_SILENT = frozenset({"hevc", "vvc"})
"""Codecs whose decoder makes up what is missing without a word, unless told to explode.

So does it where a picture is not that of the hash which some encoders send with it.
"""

_SILENT_IN_FILES = frozenset({"mjpeg"})
"""The same, of pictures that are not made of others; cameras' own slips in them are no damage."""

_REPORTING_DECODERS = {"vp9": "libvpx-vp9"}
"""Decoders that tell damage, of codecs of which FFmpeg's own tells none."""


def has_stamps(container: InputContainer) -> bool:
    """Whether the stamps of this container's pictures are its own."""
    form = container.format.name
    return form not in _RAW and not form.endswith("_pipe")


def decoder_of(stream: VideoStream, *, at_once: bool) -> VideoCodecContext:
    """What decodes a stream, and tells as much of its damage as can be told.

    Args:
        stream: Of which nothing was decoded yet.
        at_once: Whether pictures are wanted as they come: several threads hold back as many.
    """
    decoder = _reporting_decoder(stream)
    is_silent = decoder.name in _SILENT
    # Frames side by side are told to be damaged when others are out that were made of them.
    decoder.thread_type = "SLICE" if at_once or is_silent else "AUTO"
    decoder.thread_count = 1 if at_once else 0
    explodes = is_silent or (decoder.name in _SILENT_IN_FILES and not at_once)
    detected = "crccheck+explode" if explodes else "crccheck"
    decoder.options = {**decoder.options, "max_pixels": MOST_PIXELS, "err_detect": detected}
    return decoder


def _reporting_decoder(stream: VideoStream) -> VideoCodecContext:
    """The stream's own decoder, or another of the same codec that is not silent."""
    own = stream.codec_context
    name = _REPORTING_DECODERS.get(own.name)
    if name is None or name not in av.codec.codecs_available:
        return own
    decoder: VideoCodecContext = av.CodecContext.create(name, "r")  # type: ignore[assignment]
    decoder.extradata = own.extradata
    return decoder


class Converter:
    """Converts the pictures of one stream to blue-green-red, upright; on one core."""

    def __init__(self) -> None:
        self._reformatter = VideoReformatter()

    def later(self, frame: VideoFrame) -> Callable[[], NDArray[np.uint8]]:
        """What converts this picture when it is wanted."""
        return partial(self.convert, frame)

    def convert(self, frame: VideoFrame) -> NDArray[np.uint8]:
        """Convert a picture.

        Returns:
            uint8, (height, width, 3), contiguous, and nobody else's.
        """
        image = self._reformatter.reformat(frame, format="bgr24", threads=1).to_ndarray()
        turns = round(frame.rotation / 90) % 4
        return np.ascontiguousarray(np.rot90(image, turns))
