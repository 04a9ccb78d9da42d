"""From a text to the source of frames it names."""

from __future__ import annotations

from pathlib import Path

from edge_vad.sources.address import CameraSpec
from edge_vad.sources.base import Source
from edge_vad.sources.connecting import open_recording
from edge_vad.sources.spec import RecordingSpec, parse_spec


def open_source(spec: str | Path, *, strict: bool = False) -> Source:
    """Open a source of frames.

    Args:
        spec: A camera (`0`, `/dev/video0`, `csi://0`, `rtsp://...`, `http://...`), a video file, a
            folder of frames, either with a range (`street.mp4:0-5000`, `street.mp4:5000-`,
            `street.mp4:-5000`; the end is not part of it) or played at the pace of a camera
            (`street.mp4?realtime=1`), or a simulated street `test://street?seed=1`.
        strict: Raise at the first picture of a folder that cannot be read, instead of skipping
            it.

    Raises:
        WrongUse: There is no such path, the range is empty or beyond the end, or the address is
            broken.
        BadInput: The folder holds no frames, or the file is no video.
        Unavailable: OpenCV is not installed.

    Example:
        >>> with open_source("street.mp4:0-5000") as street:  # doctest: +SKIP
        ...     for frame in street:
        ...         print(frame.index, frame.image.shape)
    """
    # Each kind is imported where it is opened: naming a source must not need OpenCV.
    parsed = parse_spec(spec)
    if isinstance(parsed, CameraSpec) or (isinstance(parsed, RecordingSpec) and parsed.realtime):
        from edge_vad.sources.live import LiveSource

        return LiveSource(parsed)
    return open_recording(parsed, strict=strict)
