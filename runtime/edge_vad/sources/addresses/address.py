"""Cameras as they are written: `0`, `/dev/video0`, `csi://0`, `rtsp://...`, `http://...`."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
from urllib.parse import SplitResult, urlsplit

from edge_vad.errors import WrongUse
from edge_vad.sources.addresses.encoding import HOW, demand_encoded
from edge_vad.sources.addresses.options import FFMPEG_OPTIONS, read_options

_DEVICE = re.compile(r"(?:/dev/video)?([0-9]{1,4})(?:\?(.*))?")
_CSI = re.compile(r"csi://([0-9]{1,2})(?:\?(.*))?", re.IGNORECASE)
_LISTENING = frozenset({"rtmp", "rtmps", "srt", "tcp", "udp"})
"""Schemes under which a camera may send to this machine, so that no host need be named."""
NETWORK_SCHEMES = frozenset({"http", "https", "rtsp", "rtsps"}) | _LISTENING
_LONGEST_ADDRESS = 4096


class CameraKind(str, Enum):
    """How a camera is plugged in."""

    USB = "usb"
    CSI = "csi"
    NETWORK = "network"


@dataclass(frozen=True, slots=True)
class CameraSpec:
    """A camera.

    Attributes:
        kind: How it is plugged in.
        address: What is opened: may hold a password, and is never shown.
        shown: The same for people: of a network camera scheme and host alone, as paths and
            queries hold passwords, too.
        name: Safe as a folder name.
        size: Width and height to ask for, px; None leaves it to the camera. A network camera is
            not asked: its pictures are scaled to it as they are decoded.
        fps: Frames a second to ask for; None leaves it to the camera. Of a camera that gives single
            pictures, how often it is asked for one.
        transport: How an RTSP camera is to send, `tcp` or `udp`.
        hosts: Other hosts that it may lead to.
        options: Other options of FFmpeg and their values.
        decode: What decodes its pictures: one of `edge_vad.sources.addresses.options.DECODERS`.
    """

    kind: CameraKind
    address: str = field(repr=False)
    shown: str
    name: str
    size: tuple[int, int] | None = None
    fps: float | None = None
    transport: str = "tcp"
    hosts: tuple[str, ...] = ()
    options: tuple[tuple[str, str], ...] = ()
    decode: str = "software"


def parse_camera(text: str) -> CameraSpec | None:
    """Read the address of a camera; None where the text is none.

    Args:
        text: `0`, `/dev/video0?size=1280x720&fps=30`, `csi://0?size=1280x720&fps=30`, or an address
            that begins with rtsp://, http://, rtmp://, srt://, udp:// or the like. Its own query is
            the camera's; our options stand behind `#`, as in `rtsp://host/live#transport=udp`.

    Raises:
        WrongUse: A parameter is unknown or not possible, or the address is broken.

    Example:
        >>> parse_camera("rtsp://admin:secret@fence:554/live?token=1").shown
        'rtsp://fence:554'
    """
    if match := _DEVICE.fullmatch(text):
        path = f"/dev/video{int(match[1])}"
        return _plugged(CameraKind.USB, path, f"video{int(match[1])}", match[2])
    if match := _CSI.fullmatch(text):
        number = str(int(match[1]))
        return _plugged(CameraKind.CSI, f"csi://{number}", f"csi{number}", match[2])
    scheme = text.partition("://")[0].lower()
    if "://" in text and scheme == "csi":
        raise WrongUse("the address of a CSI camera is broken", "write csi://0 or csi://1")
    if "://" not in text or scheme not in NETWORK_SCHEMES:
        return None
    return _on_the_network(text, scheme)


def without_secrets(url: str) -> str:
    """Scheme and host alone of a network address; `...` where it is not sure which part is which.

    Example:
        >>> without_secrets("rtsp://admin:se/cret@host/live")
        'rtsp://...'
    """
    scheme, _, rest = url.partition("://")
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    # An @ beyond the authority may end a password that holds a slash: then nothing is sure.
    is_plain = url.count("@") == authority.count("@") <= 1
    return f"{scheme.lower()}://{authority.rpartition('@')[2] if is_plain else '...'}"


def _plugged(kind: CameraKind, address: str, name: str, query: str | None) -> CameraSpec:
    known = _OF_DEVICES - {"decode"} if kind is CameraKind.CSI else _OF_DEVICES
    values = read_options(query or "", known, "a camera", _DEVICES)
    return CameraSpec(kind, address, address, name, **values)


def _on_the_network(text: str, scheme: str) -> CameraSpec:
    shown = without_secrets(text)
    demand_encoded(text, shown)  # before anything is taken for an option
    address, _, said = text.partition("#")
    try:
        parts = urlsplit(address)
        is_whole = _names_a_place(parts)
    except ValueError:
        is_whole = False
    has_odd = any(letter <= " " or letter == "\x7f" for letter in text)
    if not is_whole or has_odd or len(text) > _LONGEST_ADDRESS:
        raise WrongUse(
            f"the address {shown} is broken",
            f"write it like rtsp://user:password@host:554/stream; {HOW}",
        )
    values = read_options(said, _OF_THE_NETWORK, f"what follows the # of {shown}", _NETWORK)
    options = tuple((key, values.pop(key)) for key in sorted(FFMPEG_OPTIONS & values.keys()))
    host = re.sub(r"[^\w.-]+", "_", shown.partition("://")[2]).strip("._-") or "camera"
    name = f"{scheme}_{host}"[:100]
    return CameraSpec(CameraKind.NETWORK, address, shown, name, options=options, **values)


def _names_a_place(parts: SplitResult) -> bool:
    return parts.port != 0 and bool(parts.hostname or (parts.scheme in _LISTENING and parts.port))


_OF_DEVICES = frozenset({"decode", "fps", "size"})
_OF_THE_NETWORK = frozenset({"decode", "fps", "hosts", "size", "transport"}) | FFMPEG_OPTIONS
_DEVICES = "write it like /dev/video0?size=1280x720&fps=30"
_NETWORK = (
    "write it like rtsp://host/live#transport=udp; a # that is part of a password or path is "
    "written %23"
)
