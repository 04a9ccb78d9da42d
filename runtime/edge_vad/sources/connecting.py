"""From what the user named to a way to connect to it."""

from __future__ import annotations

from dataclasses import replace

from edge_vad.errors import Unavailable, WrongUse
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
        Unavailable: This machine has no such unit as is to decode it.
        WrongUse: It is a street that cannot be.
    """
    if isinstance(spec, CameraSpec):
        _demand_decoder(spec)
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
    if spec.kind is CameraKind.NETWORK and has_pyav() and not _is_for_pipelines(spec):
        from edge_vad.sources.feeds.pyav import PyAvFeed

        return lambda: PyAvFeed(spec, timeout_s)
    from edge_vad.sources.feeds.opencv import OpenCvFeed

    return lambda: OpenCvFeed(spec, timeout_s)


def _is_for_pipelines(spec: CameraSpec) -> bool:
    """Whether a Jetson's own unit is to decode it."""
    if spec.decode == "software":
        return False
    from edge_vad.sources.decoding import pipelines

    return pipelines.are_for_this_machine() and pipelines.has_gstreamer()


def _demand_decoder(spec: CameraSpec) -> None:
    """See to it that what was asked for by name decodes here, and that sizes can be seen.

    Raises:
        Unavailable: It does not.
    """
    if (
        spec.kind is CameraKind.NETWORK
        and not has_pyav()
        and (spec.size or spec.decode != "software")
    ):
        raise Unavailable(f"{spec.shown}: decode and size need PyAV", "run pip install av")
    if spec.decode == "software":
        return
    from edge_vad.sources.decoding import pipelines

    if pipelines.are_for_this_machine():
        pipelines.demand_pipelines(spec.decode)
    elif spec.kind is CameraKind.NETWORK:
        from edge_vad.sources.decoding.stream_decoder import demand_unit

        demand_unit(spec.decode)
    elif spec.decode != "auto":
        raise Unavailable(
            f"decode={spec.decode}: only a Jetson decodes pictures of USB cameras in hardware",
            "leave decode out",
        )


def demand_connectable(spec: CameraSpec) -> None:
    """See to it that this machine can speak to such a camera at all, without trying to.

    Raises:
        Unavailable: It cannot, or has no such unit as is to decode it.
    """
    _demand_decoder(spec)
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
    if spec.part is not None:
        from edge_vad.sources.recordings.excerpt import Excerpt

        whole = open_recording(replace(spec, part=None), strict=strict, fps=fps)
        return Excerpt(whole, spec.part, spec.name)
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
    if pictures and (spec.size or spec.decode != "software"):
        raise WrongUse(
            f"{spec.path} holds pictures, and decode and size are for video",
            "leave them out: pictures are brought to the scene's size by themselves",
        )
    if recordings:
        return open_recordings(spec, recordings, strict=strict, fps=fps)
    return FolderSource(spec, strict=strict, fps=fps)
