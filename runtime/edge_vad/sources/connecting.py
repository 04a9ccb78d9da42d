"""From what the user named to a way to connect to it."""

from __future__ import annotations

from edge_vad.errors import WrongUse
from edge_vad.sources.addresses.address import CameraKind, CameraSpec
from edge_vad.sources.addresses.spec import RecordingSpec, StreetSpec
from edge_vad.sources.base import Source
from edge_vad.sources.decoding.video_file import has_pyav
from edge_vad.sources.feeds.feed import Connect, Feed, ReplayFeed
from edge_vad.sources.schemes import scheme_of

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
        return _connector_of(spec, timeout_s)

    def replay() -> Feed:
        source = open_recording(spec)
        if isinstance(spec, RecordingSpec):
            return ReplayFeed(source, paced=spec.realtime, loop=spec.loop)
        return ReplayFeed(source, paced=False)  # a street keeps its own time

    open_recording(spec).close()  # what is wrong with it is told now
    return replay


def _connector_of(spec: CameraSpec, timeout_s: float) -> Connect:
    """PyAV speaks to networks; OpenCV to what is plugged in, and to networks in its place."""
    if spec.kind is CameraKind.NETWORK and has_pyav():
        from edge_vad.sources.feeds.pyav import PyAvFeed

        return lambda: PyAvFeed(spec, timeout_s)
    from edge_vad.sources.feeds.opencv import OpenCvFeed

    return lambda: OpenCvFeed(spec, timeout_s)


def demand_connectable(spec: CameraSpec) -> None:
    """See to it that this machine can speak to such a camera at all, without trying to.

    Raises:
        Unavailable: It cannot.
    """
    if spec.kind is CameraKind.NETWORK and has_pyav():
        return
    from edge_vad.sources.feeds.opencv import demand_backend

    demand_backend(spec.kind)


def is_paced(spec: LiveSpec) -> bool:
    """Whether frames come at a pace of their own, and are dropped where nobody is ready."""
    if isinstance(spec, CameraSpec):
        return True
    if isinstance(spec, RecordingSpec):
        return spec.realtime
    return scheme_of(spec.url).is_realtime(spec.url)


def open_recording(
    spec: RecordingSpec | StreetSpec, *, strict: bool = False, fps: float | None = None
) -> Source:
    """Open what is played and not filmed.

    Args:
        spec: Which.
        strict: Raise at the first picture that cannot be read or decoded.
        fps: Frames a second where neither the recording nor its address says so.

    Raises:
        BadInput: The folder holds no frames, or the file is no video, or its rate is not known.
        WrongUse: The range is beyond the end, or the street cannot be.
    """
    if isinstance(spec, StreetSpec):
        return scheme_of(spec.url).open(spec.url)
    if spec.path.is_dir():
        return _open_folder(spec, strict, fps)
    from edge_vad.sources.recordings.video import VideoSource

    return VideoSource(spec, strict=strict, fps=fps)


def _open_folder(spec: RecordingSpec, strict: bool, fps: float | None) -> Source:
    from edge_vad.sources.recordings.folder import FolderSource, list_frames
    from edge_vad.sources.recordings.series import list_recordings, open_recordings

    pictures, recordings = list_frames(spec.path), list_recordings(spec.path)
    if pictures and recordings:
        raise WrongUse(
            f"{spec.path} holds pictures and recordings",
            "give a folder that holds the one or the others",
        )
    if recordings:
        return open_recordings(spec, recordings, strict=strict, fps=fps)
    return FolderSource(spec, strict=strict, fps=fps)
