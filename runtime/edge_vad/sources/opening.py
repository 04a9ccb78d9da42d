"""From a text to the source of frames it names."""

from __future__ import annotations

from pathlib import Path

from edge_vad.sources.base import Source
from edge_vad.sources.spec import StreetSpec, parse_spec


def open_source(spec: str | Path, *, strict: bool = False) -> Source:
    """Open a source of frames.

    Args:
        spec: A video file, a folder of frames, either with a frame range (`street.mp4:0-5000`,
            `street.mp4:5000-`, `street.mp4:-5000`; the end is not part of it), or a simulated
            street `test://street?seed=1`.
        strict: Raise at the first picture of a folder that cannot be read, instead of skipping
            it.

    Raises:
        WrongUse: There is no such path, the range is empty or beyond the end, or it is a camera.
        BadInput: The folder holds no frames, or the file is no video.
        Unavailable: OpenCV is not installed.

    Example:
        >>> with open_source("street.mp4:0-5000") as street:  # doctest: +SKIP
        ...     for frame in street:
        ...         print(frame.index, frame.image.shape)
    """
    # Each kind is imported where it is opened: naming a source must not need OpenCV.
    parsed = parse_spec(spec)
    if isinstance(parsed, StreetSpec):
        from edge_vad.street import open_street

        return open_street(parsed.url)
    if parsed.path.is_dir():
        from edge_vad.sources.folder import FolderSource

        return FolderSource(parsed, strict=strict)
    from edge_vad.sources.video import VideoSource

    return VideoSource(parsed)
