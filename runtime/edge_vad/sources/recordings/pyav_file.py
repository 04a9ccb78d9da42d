"""Video files through PyAV, which gives stamps, errors and damage."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Generator
from contextlib import closing
from functools import partial
from itertools import chain, islice, pairwise, repeat
from pathlib import Path
from statistics import median, median_low
from typing import TYPE_CHECKING

import av
from av.error import FFmpegError
from av.stream import Disposition

from edge_vad.sources.addresses.spec import RecordingSpec
from edge_vad.sources.decoding.damage_tracker import DamageTracker, DecodedPicture, time_of
from edge_vad.sources.decoding.pyav import MOST_PIXELS, Converter, decoder_of, has_stamps
from edge_vad.sources.decoding.stream_decoder import StreamDecoder, demand_unit
from edge_vad.sources.decoding.video_file import Raw, no_video, plausible
from edge_vad.sources.recordings.stamps import RisingStamps

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.stream import VideoStream

_LOOK_AHEAD = 300
"""Packets whose stamps tell the frame rate."""

_LOCAL = {"protocol_whitelist": "file,crypto,data", "max_pixels": MOST_PIXELS}
"""A file that names others, such as a playlist, reaches no network."""


class PyAvFile:
    """A video file; see `edge_vad.sources.decoding.video_file.VideoFile`.

    Args:
        spec: The file, what decodes it, and the size of its pictures.

    Attributes:
        size: Width and height of its pictures as its header says, px.

    Raises:
        BadInput: It cannot be read as a video.
        Unavailable: This machine has no such unit as is to decode it.
    """

    def __init__(self, spec: RecordingSpec) -> None:
        self._path, self._spec = spec.path, spec
        self._decoder: StreamDecoder | None = None
        demand_unit(spec.decode)
        with closing(open_container(self._path)) as container:
            stream = _video_of(container, spec.path)
            self.most = stream.frames or None
            self.size = stream.codec_context.width, stream.codec_context.height
            self.fps = _rate_of(container, stream)
            self.count = _estimate(container, stream, self.fps)

    @property
    def decoder(self) -> str:
        """What decodes it, once it is."""
        return self._decoder.used if self._decoder else ""

    def decode(self) -> Generator[Raw, None, None]:
        """Decode from the beginning; damaged pictures are handed out without an image."""
        with closing(open_container(self._path)) as container:
            stream = _video_of(container, self._path)
            decoder = self._decoder = self._decoder_of(stream)
            whole, converter = DamageTracker(), Converter(str(self._path), self._spec.size)
            is_stamped, rising = has_stamps(container), RisingStamps()
            stamps: deque[float | None] = deque()

            def raw(seen: DecodedPicture) -> Raw:
                frame, stamp_s = seen.frame, stamps.popleft()
                image = converter.later(frame) if seen.is_whole else None
                planes = partial(converter.planes, frame)
                return Raw(image, stamp_s if is_stamped else None, planes)

            for packet in _packets(container, stream):
                whole.send(packet)
                try:
                    frames = decoder.decode(packet)
                except FFmpegError:
                    whole.fail(packet)
                    yield Raw(None, time_of(packet.pts, packet.time_base) if is_stamped else None)
                    continue
                handed_out = chain([time_of(packet.dts, packet.time_base)], repeat(None))
                for frame, handed_out_s in zip(frames, handed_out, strict=False):
                    stamps.append(rising.choose(frame.time, handed_out_s))
                    yield from map(raw, whole.take(frame))
            yield from map(raw, whole.end())

    def _decoder_of(self, stream: VideoStream) -> StreamDecoder:
        # What is played like a camera is in no haste, and shares the cores with others.
        threads = 1 if self._spec.realtime else 0
        name = str(self._path)
        return decoder_of(stream, self._spec.decode, name, at_once=False, threads=threads)


def open_container(path: Path) -> InputContainer:
    """Open a file of video, which reaches no network whatever it names.

    Raises:
        BadInput: It is none.
    """
    # Absolute and with its protocol: FFmpeg takes what stands before a colon for one.
    name = f"file:{path.absolute()}"
    try:
        return av.open(name, metadata_errors="replace", options=_LOCAL)
    except (FFmpegError, OSError, ValueError):
        raise no_video(path) from None


def _video_of(container: InputContainer, path: Path) -> VideoStream:
    """The first one that moves: the cover of a piece of music is a stream, too."""
    for stream in container.streams.video:
        if Disposition.attached_pic not in stream.disposition:
            return stream
    raise no_video(path)


def _packets(
    container: InputContainer, stream: VideoStream
) -> Generator[Packet[VideoStream], None, None]:
    """The packets that hold something, and the empty one that ends them, wherever that is."""
    try:
        for packet in container.demux(stream):
            # An AVI has empty ones for frames that were dropped: to a decoder they are the end.
            if packet.size or packet.dts is None:
                yield packet
    except FFmpegError:
        return


def _rate_of(container: InputContainer, stream: VideoStream) -> float | None:
    """The usual distance of the first stamps; else what the codec says, and never a guess."""
    if not has_stamps(container):
        declared = stream.codec_context.framerate
        return plausible(float(declared)) if declared else None
    stamps = (packet.pts for packet in _packets(container, stream) if packet.pts is not None)
    pictures = Counter(islice(stamps, _LOOK_AHEAD))
    if len(pictures) > 1 and stream.time_base:
        usual = median(b - a for a, b in pairwise(sorted(pictures)))
        return plausible(median_low(pictures.values()) / float(usual * stream.time_base))
    return plausible(float(stream.average_rate)) if stream.average_rate else None


def _estimate(container: InputContainer, stream: VideoStream, fps: float | None) -> int | None:
    """What the duration comes to; in an mp4 pictures are counted that are not to be shown."""
    if stream.frames and not container.format.name.startswith("mov"):
        return stream.frames
    seconds = _duration_of(container, stream)
    return max(1, round(seconds * fps)) if fps and seconds > 0 else stream.frames or None


def _duration_of(container: InputContainer, stream: VideoStream) -> float:
    """Seconds, as the file says; of one that was cut off, as its last packet does; else 0."""
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    # Matroska's lasts from 0 on, whenever its first picture is shown.
    begins = max(0, container.start_time or 0) if "matroska" in container.format.name else 0
    if container.duration or not has_stamps(container):
        return ((container.duration or 0) - begins) / av.time_base
    stamps = (packet.pts for packet in _packets(container, stream) if packet.pts is not None)
    return float(max(stamps, default=0) * (stream.time_base or 0)) - begins / av.time_base
