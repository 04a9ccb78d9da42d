"""From a text to the source of frames it names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from edge_vad.errors import WrongUse
from edge_vad.sources.addresses.address import CameraSpec
from edge_vad.sources.addresses.spec import RecordingSpec, parse_spec
from edge_vad.sources.base import Source
from edge_vad.sources.connecting import open_recording


def open_source(spec: str | Path, *, strict: bool = False, fps: float | None = None) -> Source:
    """Open a source of frames.

    Args:
        spec: A camera (`0`, `/dev/video0`, `csi://0`, `rtsp://...`, `http://...`), a video file, a
            folder of frames, or of video files, any with a range (`street.mp4:0-5000`,
            `street.mp4:5000-`, `street.mp4:-5000`; the end is not part of it), with its rate
            (`frames?fps=30`) or played at the pace of a camera (`street.mp4?realtime=1`), or a
            simulated street `test://street?seed=1`.
        strict: Raise at the first picture that cannot be read or decoded, instead of skipping it.
        fps: Frames a second of recordings that cannot say.

    Raises:
        WrongUse: There is no such path, the range is empty or beyond the end, or the address is
            broken.
        BadInput: The folder holds no frames, the file is no video, or its rate is not known.
        Unavailable: What decodes it is not installed.

    Example:
        >>> with open_source("street.mp4:0-5000") as street:  # doctest: +SKIP
        ...     for frame in street:
        ...         print(frame.index, frame.image.shape)
    """
    # Each kind is imported where it is opened: naming a source must not need OpenCV.
    parsed = parse_spec(spec)
    if isinstance(parsed, CameraSpec) or (isinstance(parsed, RecordingSpec) and parsed.realtime):
        from edge_vad.sources.live_source import LiveSource

        return LiveSource(parsed)
    return open_recording(parsed, strict=strict, fps=fps)


def open_sources(
    specs: Sequence[str | Path], *, strict: bool = False, fps: float | None = None
) -> Source:
    """Open one source, or several recordings as one, in the order in which they are named.

    Args:
        specs: At least one; see `open_source`.
        strict: See `open_source`.
        fps: See `open_source`.

    Raises:
        EdgeVadError: See `open_source`; several were named, and one of them is a camera.
    """
    if len(specs) == 1:
        return open_source(specs[0], strict=strict, fps=fps)
    parts = [open_source(spec, strict=strict, fps=fps) for spec in specs]
    if any(part.is_live for part in parts):
        raise WrongUse(
            "several sources are watched one after the other, and a camera does not end",
            "give recordings, or name several cameras in a site file",
        )
    from edge_vad.sources.recordings.series import Series

    return Series(f"{parts[0].name}_and_{len(parts) - 1}_more", parts)
