"""The units of this machine that decode video in hardware, as PyAV reaches them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import av
from av.codec.hwaccel import HWAccel, hwdevices_available
from av.error import FFmpegError

if TYPE_CHECKING:
    from av.video.codeccontext import VideoCodecContext

_PROBED = "h264"
"""What every unit decodes that decodes anything."""


class Unit(NamedTuple):
    """A decoding unit.

    Attributes:
        name: What `decode=` takes.
        shown: Its name for people.
        device: FFmpeg's type of the device that helps its decoders; empty where it has decoders of
            its own.
        suffix: How the names of those end.
        mend: What it needs.
    """

    name: str
    shown: str
    device: str
    suffix: str
    mend: str


UNITS = (
    Unit("nvdec", "NVDEC", "cuda", "", "an NVIDIA GPU that decodes, and its driver (nvidia-smi)"),
    Unit(
        "vaapi",
        "VA-API",
        "vaapi",
        "",
        "a GPU of Intel or AMD at /dev/dri, and a PyAV built with VA-API, which pip's is not: "
        "pip install av --no-binary av, with the system's FFmpeg headers",
    ),
    Unit(
        "v4l2",
        "V4L2",
        "",
        "_v4l2m2m",
        "a board whose kernel has a driver of its decoder, as a Raspberry Pi 4 has",
    ),
)
"""In the order in which `decode=auto` tries them."""


class UnitMissingError(Exception):
    """This machine has no such unit, or PyAV does not reach it; the text says which."""


class StreamRefusedError(Exception):
    """A unit does not decode such a stream; the text says why."""


def lack_of(unit: Unit) -> str:
    """Why a unit cannot be used here; empty where it can."""
    probe: VideoCodecContext = av.CodecContext.create(_PROBED, "r")  # type: ignore[assignment]
    try:
        start(unit, open_unit(unit, probe))
    except (UnitMissingError, StreamRefusedError) as error:
        return str(error)
    return ""


def open_unit(unit: Unit, own: VideoCodecContext) -> VideoCodecContext:
    """Make what decodes a stream with a unit; it may still be set up, and then is to be started.

    Args:
        unit: Which.
        own: The stream's own decoder, which stays as it is.

    Raises:
        UnitMissingError: This machine has no such unit.
        StreamRefusedError: The unit does not decode this codec.
    """
    codec = own.codec.canonical_name
    decoder = _with_device(unit, codec) if unit.device else _of_its_own(unit, codec)
    decoder.extradata = own.extradata
    # How many pictures wait for others is known of the stream, not of a new decoder.
    decoder.options = {"has_b_frames": str(int(own.has_b_frames))}
    return decoder


def start(unit: Unit, decoder: VideoCodecContext) -> None:
    """Open a decoder; one that is a device's own looks for the device only then.

    Raises:
        UnitMissingError: It is not there.
    """
    if not unit.suffix:
        return
    try:
        decoder.open()
    except (FFmpegError, OSError):
        raise UnitMissingError(f"there is no {unit.shown} decoder here") from None


def _with_device(unit: Unit, codec: str) -> VideoCodecContext:
    if unit.device not in hwdevices_available():
        raise UnitMissingError(f"this PyAV is built without {unit.shown}")
    decoder = av.Codec(codec, "r")
    configs = decoder.hardware_configs
    if not any(each.is_supported and each.device_type.name == unit.device for each in configs):
        raise StreamRefusedError(f"{unit.shown} does not decode {codec}")
    # A refusal is to be seen: FFmpeg would go on in software without a word.
    device = HWAccel(unit.device, allow_software_fallback=False)
    try:
        return av.CodecContext.create(decoder, "r", device)  # type: ignore[return-value]
    except (FFmpegError, OSError):
        raise UnitMissingError(f"there is no {unit.shown} here, or no driver for it") from None


def _of_its_own(unit: Unit, codec: str) -> VideoCodecContext:
    name = codec + unit.suffix
    if _PROBED + unit.suffix not in av.codec.codecs_available:
        raise UnitMissingError(f"this PyAV is built without {unit.shown}")
    if name not in av.codec.codecs_available:
        raise StreamRefusedError(f"{unit.shown} does not decode {codec}")
    return av.CodecContext.create(name, "r")  # type: ignore[return-value]
