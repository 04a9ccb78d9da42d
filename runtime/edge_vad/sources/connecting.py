"""From what the user named to a way to connect to it."""

from __future__ import annotations

from edge_vad.sources.address import CameraSpec
from edge_vad.sources.base import Source
from edge_vad.sources.feed import Connect, Feed, ReplayFeed
from edge_vad.sources.spec import RecordingSpec, StreetSpec

LiveSpec = CameraSpec | RecordingSpec | StreetSpec


def connector(spec: LiveSpec, timeout_s: float) -> Connect:
    """Say how to connect to a camera, or to what is played in its place.

    Args:
        spec: Which.
        timeout_s: How long a camera may take to answer, and to send the next frame.

    Raises:
        BadInput: It is a recording that cannot be read.
        WrongUse: It is a street that cannot be.
    """
    if isinstance(spec, CameraSpec):
        from edge_vad.sources.opencv_feed import OpenCvFeed

        return lambda: OpenCvFeed(spec, timeout_s)

    def replay() -> Feed:
        source = open_recording(spec)
        if isinstance(spec, RecordingSpec):
            return ReplayFeed(source, paced=spec.realtime, loop=spec.loop)
        return ReplayFeed(source, paced=False)  # a street keeps its own time

    open_recording(spec).close()  # what is wrong with it is told now
    return replay


def is_paced(spec: LiveSpec) -> bool:
    """Whether frames come at a pace of their own, and are dropped where nobody is ready."""
    if isinstance(spec, CameraSpec):
        return True
    if isinstance(spec, RecordingSpec):
        return spec.realtime
    from edge_vad.street.url import parse_street_url

    return parse_street_url(spec.url).realtime


def open_recording(spec: RecordingSpec | StreetSpec, *, strict: bool = False) -> Source:
    """Open what is played and not filmed.

    Raises:
        BadInput: The folder holds no frames, or the file is no video.
        WrongUse: The range is beyond the end, or the street cannot be.
    """
    if isinstance(spec, StreetSpec):
        from edge_vad.street import open_street

        return open_street(spec.url)
    if spec.path.is_dir():
        from edge_vad.sources.folder import FolderSource

        return FolderSource(spec, strict=strict)
    from edge_vad.sources.video import VideoSource

    return VideoSource(spec)
