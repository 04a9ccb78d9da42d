"""The grammar of sources: what a text such as `street.mp4:0-5000` means."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from edge_vad.errors import WrongUse

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_DEVICE = re.compile(r"[0-9]+|/dev/video[0-9]+")
_RANGE = re.compile(r"(?=.*[0-9])([0-9]*)-([0-9]*)")
_CAMERA_SCHEMES = frozenset({"csi", "http", "https", "rtmp", "rtsp", "rtsps", "srt", "tcp", "udp"})
_LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class FrameRange:
    """A half-open range of frames: `0-5000` is the frames 0 to 4999.

    Attributes:
        start: The first frame.
        stop: The frame after the last one; None means to the end.
    """

    start: int = 0
    stop: int | None = None

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left out."""
        return self.start == 0 and self.stop is None

    def __str__(self) -> str:
        return f"{self.start}-{'end' if self.stop is None else self.stop}"


@dataclass(frozen=True, slots=True)
class RecordingSpec:
    """A video file or a folder of frames, or a part of one.

    Attributes:
        path: The file or folder; it exists.
        frames: Which of its frames to use.
    """

    path: Path
    frames: FrameRange = FrameRange()

    @property
    def name(self) -> str:
        """Safe as a folder name and different for every range: `street_0-5000`."""
        plain = self.path.resolve() if self.path.name in ("", "..") else self.path
        stem = plain.name if plain.is_dir() else plain.stem
        safe = re.sub(r"[^\w.-]+", "_", stem).lstrip(".-")[:_LONGEST_NAME] or "source"
        return safe if self.frames.is_whole else f"{safe}_{self.frames}"


@dataclass(frozen=True, slots=True)
class StreetSpec:
    """A simulated street.

    Attributes:
        url: For example `test://street?seed=1`.
    """

    url: str


def parse_spec(spec: str | Path) -> RecordingSpec | StreetSpec:
    """Read what the user named as a source of frames.

    Args:
        spec: A video file, a folder of frames, either with a frame range (`street.mp4:0-5000`,
            `street.mp4:5000-`, `street.mp4:-5000`), or `test://street?seed=1`. A `Path` is never
            taken for a camera or an address.

    Raises:
        WrongUse: The path does not exist, the range is broken or empty, or it names a camera.

    Example:
        >>> parse_spec("test://street?seed=1")
        StreetSpec(url='test://street?seed=1')
    """
    text = str(spec)
    if isinstance(spec, str):
        if _DEVICE.fullmatch(text):
            raise _camera_refused(text, f"; for a file or folder of that name write ./{text}")
        if scheme := _SCHEME.match(text):
            return _parse_address(text, scheme[1].lower())
    return _parse_recording(text)


def _parse_address(text: str, scheme: str) -> StreetSpec:
    if scheme in _CAMERA_SCHEMES:
        raise _camera_refused(_without_secrets(text, scheme))
    if scheme == "test":
        return StreetSpec(text)
    # The rest is not repeated: it may hold a password.
    raise WrongUse(
        f"an address that begins with {scheme}:// is no source that edge-vad knows",
        "give a video file, a folder of frames or test://street?seed=1",
    )


def _parse_recording(text: str) -> RecordingSpec:
    # A file whose own name ends like a range is that file.
    if text and _exists(Path(text)):
        return RecordingSpec(Path(text))
    before, _, after = text.rpartition(":")
    match = _RANGE.fullmatch(after) if before else None
    if match:
        if not _exists(Path(before)):
            raise _missing(before)
        return RecordingSpec(Path(before), _range_between(match[1], match[2]))
    if before and _exists(Path(before)):
        raise WrongUse(
            f"{after!r} is not a range of frames",
            f"write {before}:0-5000, {before}:5000- or {before}:-5000",
        )
    raise _missing(text)


def _range_between(first: str, end: str) -> FrameRange:
    start, stop = int(first or 0), int(end) if end else None
    if stop is not None and stop <= start:
        raise WrongUse(
            f"the range {start}-{stop} holds no frame",
            "put the smaller number first; the second one is not part of the range",
        )
    return FrameRange(start, stop)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # too long, a null character, a folder one may not enter
        return False


def _missing(path: str) -> WrongUse:
    return WrongUse(
        f"{path!r} does not exist or may not be read",
        "check the path; a source is a video file, a folder of frames or test://street?seed=1",
    )


def _camera_refused(camera: str, hint: str = "") -> WrongUse:
    return WrongUse(
        f"{camera} is a camera, and this version opens recordings only",
        f"record a video file and give its path; cameras come in a later version{hint}",
    )


def _without_secrets(url: str, scheme: str) -> str:
    """Scheme and host alone; paths and queries hold passwords too."""
    authority = re.split(r"[/?#]", url[len(scheme) + 3 :], maxsplit=1)[0]
    # An @ beyond the authority may end a password that holds a slash: then nothing is sure.
    is_plain = url.count("@") == authority.count("@") <= 1
    return f"{scheme}://{authority.rpartition('@')[2] if is_plain else '...'}"
