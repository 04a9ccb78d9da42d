"""From what the user named to a way to record it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

from edge_vad.errors import Unavailable
from edge_vad.record.samples import SampleFeed
from edge_vad.sources.addresses.address import CameraKind, CameraSpec
from edge_vad.sources.addresses.spec import RecordingSpec
from edge_vad.sources.connecting import LiveSpec, connector
from edge_vad.sources.decoding.video_file import has_pyav

ConnectSamples = Callable[[], SampleFeed]
"""Opens a connection; raises as `edge_vad.sources.feed.Connect` does."""


def sample_connector(spec: LiveSpec, timeout_s: float) -> ConnectSamples:
    """Say how to connect to what is to be recorded: packets are copied wherever that can be.

    Args:
        spec: Which.
        timeout_s: How long a camera may take to answer, and to send the next frame.

    Raises:
        Unavailable: PyAV is not installed.
        BadInput: It is a recording that cannot be read.
        WrongUse: It is a street that cannot be.
    """
    if not has_pyav():
        raise Unavailable("recording needs PyAV, which is not installed", "run pip install av")
    from edge_vad.record import copied
    from edge_vad.record.encoded import EncodedFeed

    connect = connector(spec, timeout_s)
    if isinstance(spec, CameraSpec) and spec.kind is CameraKind.NETWORK:
        return lambda: copied.open_copied(spec, timeout_s) or EncodedFeed(connect())
    if isinstance(spec, RecordingSpec) and _is_copied(spec):
        return lambda: copied.CopiedFile(spec.path, is_paced=spec.realtime)
    return lambda: EncodedFeed(connect())


def _is_copied(spec: RecordingSpec) -> bool:
    """Whether a recording is one whole file with stamps; of a part, pictures are encoded."""
    from edge_vad.record.copied import is_copyable
    from edge_vad.sources.decoding.pyav import has_stamps
    from edge_vad.sources.recordings.pyav_file import open_container

    if spec.path.is_dir() or not spec.is_whole or spec.loop or spec.fps:
        return False
    with closing(open_container(spec.path)) as container:
        return bool(container.streams.video) and has_stamps(container) and is_copyable(container)
