"""Footage as users' cameras send it, made of a few frames of the source that is benchmarked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from edge_vad.errors import BadInput, Unavailable
from edge_vad.opencv import cv2
from edge_vad.preprocessing.resize import FrameResizer
from edge_vad.scene_model import SceneCard
from edge_vad.sources import open_source

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.packet import Packet
    from av.video.stream import VideoStream

RATE = 25
"""Frames a second."""
_SECONDS = 4
_KEY_EVERY_S = 2

Pictures = Sequence[NDArray[np.uint8]]


@dataclass(frozen=True)
class Stream:
    """A kind of stream.

    Attributes:
        name: For readers.
        height: Rows, px; the shape is that of the scene.
        bits: A second.
    """

    name: str
    height: int
    bits: int


MAIN = Stream("main stream", 1080, 4_000_000)
SUB = Stream("sub-stream", 360, 500_000)
STREAMS = (MAIN, SUB)


def pictures_of(source: str) -> Pictures:
    """Some frames of a source.

    Raises:
        BadInput: It holds too few.
    """
    with open_source(source) as footage:
        found = [frame.image.copy() for frame in islice(footage, RATE * _SECONDS)]
    if len(found) < 2:
        raise BadInput(f"{source} holds only {len(found)} frames", "give more footage")
    return found


def suited_to(card: SceneCard, source: str) -> Pictures:
    """Some frames of a source, for a scene.

    Raises:
        BadInput: It holds too few, or of another shape than the scene's.
    """
    pictures = pictures_of(source)
    FrameResizer(card.height, card.width, ()).resize(pictures[0])
    return pictures


def enlarged(pictures: Pictures, height: int) -> Iterator[NDArray[np.uint8]]:
    """The pictures at another height, px, in the same shape; both sides are even."""
    rows, columns = pictures[0].shape[:2]
    width = round(height * columns / rows / 2) * 2
    for picture in pictures:
        yield cv2.resize(picture, (width, height), interpolation=cv2.INTER_CUBIC)  # type: ignore[misc]


def write(
    folder: Path, stream: Stream, pictures: Pictures, seconds: float, fps: int = RATE
) -> Path:
    """Write H.264 as cameras send it: no picture waits for another, key frames every two seconds.

    Args:
        folder: Where.
        stream: What kind.
        pictures: A few seconds, which are encoded once; their packets are repeated.
        seconds: How long the file is to play.
        fps: Frames a second.

    Raises:
        Unavailable: Nothing here encodes H.264.
    """
    path = folder / f"{stream.name}-{fps}-{seconds:g}.mp4"
    once = folder / f"{stream.name}-{fps}-once.mp4"
    if not once.exists():
        _encode(once, stream, pictures, fps)
    _repeat(once, path, round(seconds * fps))
    return path


def _encode(path: Path, kind: Stream, pictures: Pictures, fps: int) -> None:
    import av

    if "libx264" not in av.codec.codecs_available:
        raise Unavailable("this PyAV does not encode H.264", "run pip install av")
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps)
        stream.pix_fmt, stream.gop_size, stream.bit_rate = "yuv420p", _KEY_EVERY_S * fps, kind.bits
        stream.options = {"preset": "veryfast", "bf": "0", "profile": "main"}
        for number, picture in enumerate(enlarged(pictures, kind.height)):
            if number == 0:
                stream.height, stream.width = picture.shape[:2]
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        container.mux(stream.encode())


def _repeat(once: Path, path: Path, count: int) -> None:
    import av

    with av.open(str(path), "w") as target:
        stream: VideoStream | None = None
        written = 0
        while written < count:
            with av.open(str(once)) as source:
                video = source.streams.video[0]
                stream = stream or target.add_stream_from_template(video)
                written = _copy(source.demux(video), target, stream, written, count)


def _copy(
    packets: Iterator[Packet[VideoStream]],
    target: OutputContainer,
    stream: VideoStream,
    written: int,
    count: int,
) -> int:
    """Copy packets, their times counted on; how many there are then."""
    for packet in packets:
        if packet.dts is not None and packet.duration and written < count:
            packet.pts = packet.dts = written * packet.duration
            packet.stream = stream
            target.mux(packet)
            written += 1
    return written
