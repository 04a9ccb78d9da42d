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

av.logging.set_level(None)  # FFmpeg's own lines repeat addresses with their passwords

_RAW = frozenset(
    {"av1", "h261", "h263", "h264", "hevc", "image2", "m4v", "mjpeg", "mpjpeg", "mpegvideo", "obu"}
    | {"vc1", "vvc"}
)
"""Formats that hold nothing but pictures: FFmpeg makes up stamps for them."""

MOST_PIXELS = str(2**25)
"""Of a picture: a small file may unpack to gigabytes."""

_SILENT = frozenset({"hevc"})
"""Codecs whose decoder makes up what is missing without a word, unless told to explode."""


def has_stamps(container: InputContainer) -> bool:
    """Whether the stamps of this container's pictures are its own."""
    form = container.format.name
    return form not in _RAW and not form.endswith("_pipe")


def prepare_decoder(decoder: VideoCodecContext, *, at_once: bool) -> None:
    """Set how a decoder works, before it does.

    Args:
        decoder: Of the stream.
        at_once: Whether pictures are wanted as they come: several threads hold back as many.
    """
    decoder.thread_count = 1 if at_once else 0
    decoder.thread_type = "SLICE" if at_once else "AUTO"
    decoder.options = {**decoder.options, "max_pixels": MOST_PIXELS}
    if decoder.name in _SILENT:
        decoder.options = {**decoder.options, "err_detect": "explode"}


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
