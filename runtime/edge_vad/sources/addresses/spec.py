"""The grammar of sources: what a text such as `street.mp4:0-5000` means."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from pathlib import Path

from edge_vad.errors import WrongUse
from edge_vad.sources.addresses.address import CameraSpec, parse_camera
from edge_vad.sources.addresses.options import read_options
from edge_vad.untrusted import shown_path

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_MARK = r"(?:[0-9]{1,15}[%smh]?)?"
_RANGE = re.compile(rf"(?=.*[0-9])({_MARK})-({_MARK})")
_OPTIONS = re.compile(r"(.+)\?([^?]*)", re.DOTALL)
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


_UNIT_S = {"s": 1.0, "m": 60.0, "h": 3600.0}


@dataclass(frozen=True, slots=True)
class Part:
    """A half-open stretch of time, as it was written: `0-30s`, `10m-1h` or `50%-`.

    Attributes:
        start: Where it begins: a number of seconds, minutes or hours, or a share of the duration;
            0 or empty is the beginning.
        stop: Where the rest begins; empty means to the end.
    """

    start: str
    stop: str

    def __str__(self) -> str:
        return f"{self.start or 0}-{self.stop or 'end'}".replace("%", "percent")

    def in_seconds(self, duration_s: float | None) -> tuple[float, float]:
        """When it begins and when the rest does, s.

        Args:
            duration_s: Of the whole recording; None where it cannot say.

        Raises:
            WrongUse: It is empty, or a share of a duration that nobody knows.

        Example:
            >>> Part("50%", "1m").in_seconds(40.0)
            (20.0, 60.0)
        """
        start_s = _seconds_of(self.start or "0", duration_s)
        stop_s = _seconds_of(self.stop, duration_s) if self.stop else math.inf
        if stop_s <= start_s:
            raise WrongUse(f"the part {self.start or 0}-{self.stop} holds no frame", _SMALLER_FIRST)
        return start_s, stop_s


def _seconds_of(mark: str, duration_s: float | None) -> float:
    if not mark.strip("0"):
        return 0.0
    if mark.isdigit():
        raise WrongUse(
            f"{mark} is a number of frames beside a time or a share",
            "say both ends in frames, or neither: 10s-30s",
        )
    number, unit = int(mark[:-1]), mark[-1]
    if unit != "%":
        return number * _UNIT_S[unit]
    if number > 100:
        raise WrongUse(f"{mark} is more than all of a recording", "give 0% to 100%")
    if duration_s is None:
        raise WrongUse(
            f"{mark} of a recording that does not say how long it is cannot be found",
            "give the part in seconds, such as 0-30s, or in frames",
        )
    return duration_s * number / 100


_SMALLER_FIRST = "put the smaller number first; the second one is not part of the range"


@dataclass(frozen=True, slots=True)
class RecordingSpec:
    """A video file or a folder of frames, or a part of one.

    Attributes:
        path: The file or folder; it exists.
        frames: Which of its frames to use.
        part: Which part, where that was not said in frames; it then counts and not `frames`.
        realtime: Whether it plays at the pace of a camera.
        loop: Whether it begins again at its end; only in real time.
        fps: Frames a second, in place of what a file says; None leaves it to that.
        decode: What decodes it: one of `edge_vad.sources.addresses.options.DECODERS`.
        size: Width and height, px, to which pictures are scaled as they are decoded; as they are
            when None.
    """

    path: Path
    frames: FrameRange = FrameRange()
    part: Part | None = None
    realtime: bool = False
    loop: bool = False
    fps: float | None = None
    decode: str = "software"
    size: tuple[int, int] | None = None

    @property
    def is_whole(self) -> bool:
        """Whether nothing of it is left out."""
        return self.part is None and self.frames.is_whole

    @property
    def name(self) -> str:
        """Safe as a folder name and different for every range: `street_0-5000`."""
        plain = self.path.resolve() if self.path.name in ("", "..") else self.path
        stem = plain.name if plain.is_dir() else plain.stem
        safe = re.sub(r"[^\w.-]+", "_", stem).lstrip(".-")[:_LONGEST_NAME] or "source"
        return safe if self.is_whole else f"{safe}_{self.part or self.frames}"


@dataclass(frozen=True, slots=True)
class StreetSpec:
    """A simulated street.

    Attributes:
        url: For example `test://street?seed=1`.
    """

    url: str


def parse_spec(spec: str | Path) -> RecordingSpec | StreetSpec | CameraSpec:
    """Read what the user named as a source of frames.

    What is on the disk wins: a folder `001` is no camera.

    Args:
        spec: A camera (`0`, `/dev/video0`, `csi://0`, `rtsp://...`, `http://...`), a video file, a
            folder of frames or of video files, any of them with a range of frames
            (`street.mp4:0-5000`, `street.mp4:5000-`, `street.mp4:-5000`), times (`:0-30s`,
            `:10m-1h`) or shares (`:0-50%`) and with options
            (`frames?fps=30`; played like a camera with `street.mp4?realtime=1` or
            `street.mp4?realtime=1&loop=1`), or `test://street?seed=1`. A `Path` is never taken for
            a camera or an address.

    Raises:
        WrongUse: The path does not exist, the range is broken or empty, or the address is.

    Example:
        >>> parse_spec("test://street?seed=1")
        StreetSpec(url='test://street?seed=1')
    """
    text = str(spec)
    if isinstance(spec, str) and not _is_on_disk(text):
        if camera := parse_camera(text):
            return camera
        if scheme := _SCHEME.match(text):
            return _parse_address(text, scheme[1].lower())
    return _parse_replay(text)


def _parse_address(text: str, scheme: str) -> StreetSpec:
    if scheme == "test":
        return StreetSpec(text)
    # The rest is not repeated: it may hold a password.
    raise WrongUse(
        f"an address that begins with {scheme}:// is no source that edge-vad knows",
        "give rtsp://, http://, rtmp://, srt://, udp:// or csi://, /dev/video0, a video file, a "
        "folder of frames or test://street?seed=1",
    )


def _is_on_disk(text: str) -> bool:
    """Whether a file or folder is meant, with or without range and options, and no device."""
    plain = match[1] if (match := _OPTIONS.fullmatch(text)) else text
    before, _, after = plain.rpartition(":")
    ways = (text, plain, before if _RANGE.fullmatch(after) else "")
    return any(way and _exists(Path(way)) and not Path(way).is_char_device() for way in ways)


def _parse_replay(text: str) -> RecordingSpec:
    match = _OPTIONS.fullmatch(text)
    if not match or _exists(Path(text)):
        return _parse_recording(text)
    recording = _parse_recording(match[1])
    said = read_options(match[2], _OF_RECORDINGS, "a recording", _REPLAYS)
    if said.get("loop") and not said.get("realtime"):
        raise WrongUse("loop=1 is for a recording that is played like a camera", _REPLAYS)
    return replace(recording, **said)


_OF_RECORDINGS = frozenset({"decode", "fps", "loop", "realtime", "size"})
_REPLAYS = (
    "write street.mp4?realtime=1, street.mp4?realtime=1&loop=1 to begin again at its end, or "
    "frames?fps=30 for the rate of a folder"
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
        return _with_range(RecordingSpec(Path(before)), match[1], match[2])
    if before and _exists(Path(before)):
        shown = shown_path(before)
        raise WrongUse(
            f"what follows {shown!r} is not a range",
            f"write {shown}:0-5000 for frames, {shown}:0-30s for a time, {shown}:50%- for a share",
        )
    raise _missing(text)


def _with_range(spec: RecordingSpec, start: str, stop: str) -> RecordingSpec:
    if all(mark.isdigit() for mark in (start, stop) if mark):
        frames = _frames_between(int(start or 0), int(stop) if stop else None)
        return replace(spec, frames=frames)
    return replace(spec, part=Part(start, stop))


def _frames_between(start: int, stop: int | None) -> FrameRange:
    if stop is not None and stop <= start:
        raise WrongUse(f"the range {start}-{stop} holds no frame", _SMALLER_FIRST)
    return FrameRange(start, stop)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # too long, a null character, a folder one may not enter
        return False


def _missing(path: str) -> WrongUse:
    # It may be an address with a slip in it, such as rtsp:/user:password@host.
    return WrongUse(
        f"{shown_path(path)!r} does not exist or may not be read",
        "check the path; a source is a camera (/dev/video0, rtsp://...), a video file, a folder of "
        "frames or test://street?seed=1",
    )
