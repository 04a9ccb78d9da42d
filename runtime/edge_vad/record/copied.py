"""Packets of cameras and files, copied as they are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from edge_vad.record.key_frames import KeyFrameDecoder
from edge_vad.record.samples import Image, Sample, SampleFeed, Track
from edge_vad.record.stamps import Arrivals, OwnStamps
from edge_vad.sources.addresses.address import CameraSpec
from edge_vad.sources.decoding.pyav import has_stamps
from edge_vad.sources.decoding.video_file import plausible
from edge_vad.sources.feeds.feed import FeedEnded, FeedLost, RealTime
from edge_vad.sources.feeds.pyav_connection import FAILURES, StreamConnection, lost
from edge_vad.sources.recordings.pyav_file import open_container

if TYPE_CHECKING:
    from av.container import InputContainer, OutputContainer
    from av.packet import Packet
    from av.video.stream import VideoStream

_COPIED = frozenset(
    {"av1", "h264", "hevc", "libdav1d", "mjpeg", "mpeg1video", "mpeg2video", "mpeg4", "vp8", "vp9"}
)
"""Codecs that Matroska holds as they are."""
_WITH_HEADER = frozenset({"h264", "hevc"})
_USUAL_FPS = 25.0


class CopiedTrack(Track):
    """Packets, as they were sent.

    Args:
        container: The file.
        template: The stream that they are of.
    """

    def __init__(self, container: OutputContainer, template: VideoStream) -> None:
        self._container = container
        self._stream = container.add_stream_from_template(template)

    def write(self, sample: Sample, begin_s: float) -> None:
        """Add a packet; one to be shown before the file begins hangs on what is not in it."""
        packet: Packet[VideoStream] = sample.content  # type: ignore[assignment]
        if sample.time_s < begin_s:
            return
        assert packet.pts is not None and packet.time_base  # noqa: S101, PT018 - fitted
        shift = round(begin_s / packet.time_base)
        packet.pts -= shift
        if packet.dts is not None:
            packet.dts -= shift
        packet.stream = self._stream
        self._container.mux(packet)


class _CopiedFeed(SampleFeed):
    """What copied streams have in common.

    Args:
        container: What is open.
    """

    def __init__(self, container: InputContainer) -> None:
        self._stream = container.streams.video[0]
        self._packets: Iterator[Packet[VideoStream]] = container.demux(self._stream)
        self._decoder = KeyFrameDecoder(self._stream)
        self._stamps = OwnStamps()

    def image(self, sample: Sample) -> Image | None:
        """Decode a key frame; see `SampleFeed.image`."""
        return self._decoder.decode(sample.content)  # type: ignore[arg-type]

    def track(self, container: OutputContainer) -> Track:
        """Add the stream to a file; see `SampleFeed.track`."""
        return CopiedTrack(container, self._stream)

    def _sample(self, packet: Packet[VideoStream]) -> Sample:
        follows = self._stamps.fit(packet)
        assert packet.pts is not None and packet.time_base  # noqa: S101, PT018 - just fitted
        return Sample(packet, float(packet.pts * packet.time_base), packet.is_keyframe, follows)


class CopiedCamera(_CopiedFeed):
    """A network camera whose packets are copied.

    Args:
        connection: To it; closed with the feed.
        shown: The camera for people.
    """

    def __init__(self, connection: StreamConnection, shown: str) -> None:
        super().__init__(connection.container)
        self._connection, self._shown = connection, shown
        self._arrivals: Arrivals | None = None
        if not has_stamps(connection.container):
            declared = self._stream.average_rate
            self._arrivals = Arrivals(plausible(float(declared or 0)) or _USUAL_FPS)

    def next(self) -> Sample:
        """Wait for the next packet; see `SampleFeed.next`."""
        try:
            packet = next(self._packets, None)
        except FAILURES as error:
            raise lost(self._shown, error, "stopped sending") from None
        if packet is None or not packet.size:
            raise FeedLost(f"{self._shown} stopped sending")
        if self._arrivals:
            self._arrivals.stamp(packet)
        return self._sample(packet)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


class CopiedFile(_CopiedFeed):
    """A file whose packets are copied.

    Args:
        path: The file.
        is_paced: Whether they come at the pace of a camera.

    Raises:
        BadInput: It is no video.
    """

    def __init__(self, path: Path, *, is_paced: bool = False) -> None:
        self._container = open_container(path)
        super().__init__(self._container)
        self._pace = RealTime() if is_paced else None
        self._before_s: float | None = None

    def next(self) -> Sample:
        """The next packet; see `SampleFeed.next`."""
        packet = self._read()
        if packet is None:
            raise FeedEnded
        sample = self._sample(packet)
        if self._pace and self._before_s is not None:
            self._pace.wait(max(0.0, sample.time_s - self._before_s))
        self._before_s = sample.time_s
        return sample

    def close(self) -> None:
        """Close the file."""
        self._container.close()

    def _read(self) -> Packet[VideoStream] | None:
        """The next packet that holds something; a file that breaks off just ends."""
        try:
            return next((packet for packet in self._packets if packet.size), None)
        except FAILURES:
            return None


def open_copied(spec: CameraSpec, timeout_s: float) -> CopiedCamera | None:
    """Connect to a camera whose packets can be copied.

    Args:
        spec: Which camera, and what to ask of it.
        timeout_s: How long it may take to answer, and to send the next piece.

    Returns:
        The connection; None where what it sends must be decoded, such as single pictures.

    Raises:
        FeedLost: It does not answer, or sends no video.
    """
    connection = StreamConnection(spec, timeout_s, is_copied=True)
    try:
        if not connection.container.streams.video:
            raise FeedLost(f"{spec.shown} sends no video")
        if is_copyable(connection.container):
            return CopiedCamera(connection, spec.shown)
    except BaseException:
        connection.close()
        raise
    connection.close()
    return None


def is_copyable(container: InputContainer) -> bool:
    """Whether a file can hold what is sent, as it is: a stream of a usual codec, with its head."""
    form, stream = container.format.name, container.streams.video[0]
    codec = stream.codec_context
    is_still = form == "image2" or form.endswith("_pipe")
    has_head = codec.name not in _WITH_HEADER or bool(codec.extradata)
    return codec.name in _COPIED and not is_still and has_head and codec.width > 0
