"""PyAV: how a stream is decoded, and its pictures are converted."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import av
import numpy as np
from av.video.reformatter import ColorRange, Interpolation, VideoReformatter
from numpy.typing import NDArray

from edge_vad.errors import BadInput
from edge_vad.frame import Form
from edge_vad.sources.decoding.sizes import demand_alike
from edge_vad.sources.decoding.stream_decoder import StreamDecoder

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

_AS_IN_SOFTWARE = {"nv12": "yuv420p", "nv21": "yuv420p", "p010le": "yuv420p10le"}
"""Formats of units to those of decoders in software, which hold the same numbers in other places:
FFmpeg converts the one a little otherwise than the other."""

_UNSPECIFIED = 2
"""What FFmpeg says of colours where a stream says nothing."""
_MATRICES = {1: "bt709", 5: "bt601", 6: "bt601", _UNSPECIFIED: "bt601"}
"""FFmpeg's numbers of the matrices of colours; without a word it takes the older one."""

_FULL_CHROMA = 1 << 13
"""FFmpeg's `SWS_FULL_CHR_H_INT`, which PyAV 17 has no name for."""
_SCALING = int(Interpolation.AREA) | _FULL_CHROMA
"""As OpenCV scales pictures down; colours are not taken for those of a neighbour."""


def has_stamps(container: InputContainer) -> bool:
    """Whether the stamps of this container's pictures are its own."""
    form = container.format.name
    return form not in _RAW and not form.endswith("_pipe")


def decoder_of(
    stream: VideoStream, decode: str, shown: str, *, at_once: bool, threads: int = 0
) -> StreamDecoder:
    """What decodes a stream, and tells as much of its damage as can be told.

    Args:
        stream: Of which nothing was decoded yet.
        decode: By what; see `StreamDecoder`.
        shown: What is decoded, for people.
        at_once: Whether pictures are wanted as they come: several threads hold back as many.
        threads: Threads that decode at once, at most; as many as cores when 0.

    Raises:
        Unavailable: This machine has no such unit.
    """

    def prepare(decoder: VideoCodecContext | None) -> VideoCodecContext:
        is_hardware = decoder is not None
        decoder = decoder or _reporting_decoder(stream)
        is_silent = decoder.name in _SILENT
        # Frames side by side are told to be damaged when others are out that were made of them.
        decoder.thread_type = "SLICE" if at_once or is_silent or threads == 1 else "AUTO"
        decoder.thread_count = 1 if at_once or is_hardware else threads
        explodes = is_silent or (decoder.name in _SILENT_IN_FILES and not at_once)
        detected = "crccheck+explode" if explodes else "crccheck"
        checks = {"max_pixels": MOST_PIXELS, "err_detect": detected}
        decoder.options = {**decoder.options, **checks}
        return decoder

    return StreamDecoder(stream, decode, shown, prepare)


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
    """Converts the pictures of one stream to blue-green-red, upright; on one core.

    What a unit decoded becomes the same picture as what is decoded in software.

    Args:
        shown: What is decoded, for people.
        size: Width and height of what is handed out, px: pictures are scaled as they are converted,
            which takes a fraction of the time of doing one after the other. As they are when None.
    """

    def __init__(self, shown: str, size: tuple[int, int] | None = None) -> None:
        self._shown, self._size = shown, size
        self._planes, self._reformatter = VideoReformatter(), VideoReformatter()

    def later(self, frame: VideoFrame) -> Callable[[], NDArray[np.uint8]]:
        """What converts this picture when it is wanted."""
        return partial(self.convert, frame)

    def convert(self, frame: VideoFrame) -> NDArray[np.uint8]:
        """Convert a picture.

        Returns:
            uint8, (height, width, 3), contiguous, and nobody else's.

        Raises:
            BadInput: It has another shape than the size that was asked for.
        """
        turns = round(frame.rotation / 90) % 4
        planar = _AS_IN_SOFTWARE.get(frame.format.name)
        if planar:
            frame = self._planes.reformat(frame, format=planar, threads=1)
        converted = self._small(frame, turns) if self._size else self._whole(frame)
        return np.ascontiguousarray(np.rot90(converted.to_ndarray(), turns))

    def planes(self, frame: VideoFrame, form: Form) -> NDArray[np.uint8]:
        """Hand out a picture in NV12 of limited range; where it is that, it is copied alone.

        Returns:
            uint8, (height * 3 / 2, width), contiguous, and nobody else's.

        Raises:
            BadInput: Its colours are by another matrix, it is turned, or its sides are odd.
        """
        matrix = _MATRICES.get(frame.colorspace, "another matrix")
        if not form.endswith(matrix) or frame.rotation or frame.width % 2 or frame.height % 2:
            turned = f", turned by {frame.rotation:.0f} degrees" if frame.rotation else ""
            raise BadInput(
                f"{self._shown} gives {frame.width}x{frame.height} by {matrix}{turned}, and the "
                f"scene takes {form}",
                "export the scene for it, with --motion-in-graph --input",
            )
        made = self._planes.reformat(
            frame, format="nv12", dst_color_range=ColorRange.MPEG, threads=1
        )
        return np.ascontiguousarray(made.to_ndarray())

    def _whole(self, frame: VideoFrame) -> VideoFrame:
        return self._reformatter.reformat(frame, format="bgr24", threads=1)

    def _small(self, frame: VideoFrame, turns: int) -> VideoFrame:
        assert self._size  # noqa: S101 - seen by the caller
        width, height = self._size[::-1] if turns % 2 else self._size
        demand_alike(self._shown, (frame.width, frame.height), (width, height))
        return self._reformatter.reformat(
            frame, width=width, height=height, format="bgr24", interpolation=_SCALING, threads=1
        )
