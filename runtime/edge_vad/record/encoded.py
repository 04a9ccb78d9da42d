"""Pictures of USB and CSI cameras, folders and simulations, encoded here."""

from __future__ import annotations

from contextlib import nullcontext
from fractions import Fraction
from typing import TYPE_CHECKING

import av
import numpy as np

from edge_vad.record.samples import Image, Sample, SampleFeed, Track
from edge_vad.record.stamps import MILLISECOND, Arrivals
from edge_vad.record.throughput import Throughput
from edge_vad.sources.feeds.feed import Feed, ReplayFeed

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.video.stream import VideoStream

_KEY_S = 2
"""Seconds between key frames: the longest that a cut-off file is short of a whole picture."""
# Quick before small: a board has a camera's frame time for it, and other things to do.
_H264 = {"preset": "ultrafast", "tune": "zerolatency", "crf": "20"}
_MJPEG = {"qmin": "3", "qmax": "3"}


class EncodedTrack(Track):
    """Pictures, encoded as H.264, or as motion JPEG where this PyAV cannot.

    Args:
        container: The file.
        fps: Frames a second, about.
        width: Columns, px; even.
        height: Rows, px; even.
    """

    def __init__(self, container: OutputContainer, fps: float, width: int, height: int) -> None:
        self._container, self._last = container, -1
        is_h264 = "libx264" in av.codec.codecs_available
        name, options = ("libx264", _H264) if is_h264 else ("mjpeg", _MJPEG)
        rate = Fraction(fps).limit_denominator(1000)
        self._stream: VideoStream = container.add_stream(name, rate=rate, options=options)  # type: ignore[assignment]
        codec = self._stream.codec_context
        codec.width, codec.height = width, height
        codec.pix_fmt = "yuv420p" if is_h264 else "yuvj420p"
        codec.time_base = MILLISECOND
        codec.gop_size = max(1, round(_KEY_S * fps))

    def write(self, sample: Sample, begin_s: float) -> None:
        """Encode a picture; see `Track.write`."""
        image: Image = sample.content  # type: ignore[assignment]
        frame = av.VideoFrame.from_ndarray(_even(image), format="bgr24")
        self._last = max(self._last + 1, round((sample.time_s - begin_s) * 1000))
        frame.pts, frame.time_base = self._last, MILLISECOND
        self._container.mux(self._stream.encode(frame))

    def end(self) -> None:
        """Write what the encoder holds back."""
        if self._last >= 0:
            self._container.mux(self._stream.encode(None))


class EncodedFeed(SampleFeed):
    """Pictures of a feed that decodes, or has none to decode.

    Args:
        feed: Closed with this one.
    """

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._breaks, self._size = feed.breaks, (0, 0)
        is_replay = isinstance(feed, ReplayFeed)  # what is replayed has its own time
        certain = feed.is_fps_certain
        self._arrivals = None if is_replay else Arrivals(feed.fps, is_certain=certain)
        self.throughput = None if is_replay else Throughput(feed.fps)

    def next(self) -> Sample:
        """Wait for the next picture; a file may begin with any. See `SampleFeed.next`."""
        image: Image | None = None
        while image is None:
            with self.throughput.waiting() if self.throughput else nullcontext():
                stamp_s = self._feed.grab()
            time_s = self._arrivals.now_s() if self._arrivals else stamp_s
            image = self._feed.retrieve(None)
        size, breaks = (image.shape[1], image.shape[0]), self._feed.breaks
        follows = size == self._size and breaks == self._breaks
        self._size, self._breaks = size, breaks
        assert time_s is not None  # noqa: S101 - a replay has stamps
        return Sample(image, time_s, is_key=True, follows=follows)

    def image(self, sample: Sample) -> Image | None:
        """The picture itself; see `SampleFeed.image`."""
        return sample.content  # type: ignore[return-value]

    def track(self, container: OutputContainer) -> Track:
        """Begin to encode; see `SampleFeed.track`."""
        width, height = self._size
        return EncodedTrack(container, self._feed.fps, width - width % 2, height - height % 2)

    def close(self) -> None:
        """Close the feed."""
        self._feed.close()


def _even(image: Image) -> Image:
    """Without the last row and column where they are odd: colours are halved."""
    rows, columns = image.shape[:2]
    return np.ascontiguousarray(image[: rows - rows % 2, : columns - columns % 2])
