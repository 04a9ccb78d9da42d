"""Cameras as they are written: `0`, `/dev/video0`, `csi://0`, `rtsp://...`, `http://...`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from urllib.parse import parse_qsl, urlsplit

from edge_vad.errors import WrongUse
from edge_vad.sources.encoding import HOW, demand_encoded
from edge_vad.told import shorten, shown_path

_DEVICE = re.compile(r"(?:/dev/video)?([0-9]{1,4})(?:\?(.*))?")
_CSI = re.compile(r"csi://([0-9]{1,2})(?:\?(.*))?", re.IGNORECASE)
_SIZE = re.compile(r"([1-9][0-9]{1,4})x([1-9][0-9]{1,4})")
NETWORK_SCHEMES = frozenset({"http", "https", "rtsp", "rtsps"})
_LONGEST_ADDRESS = 4096
_FASTEST_FPS = 240.0


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
        address: What OpenCV opens: may hold a password, and is never shown.
        shown: The same for people: of a network camera scheme and host alone, as paths and
            queries hold passwords, too.
        name: Safe as a folder name.
        size: Width and height to ask for, px; None leaves it to the camera.
        fps: Frames a second to ask for; None leaves it to the camera.
    """

    kind: CameraKind
    address: str = field(repr=False)
    shown: str
    name: str
    size: tuple[int, int] | None = None
    fps: float | None = None


def parse_camera(text: str) -> CameraSpec | None:
    """Read the address of a camera; None where the text is none.

    Args:
        text: `0`, `/dev/video0?size=1280x720&fps=30`, `csi://0?size=1280x720&fps=30`, or an address
            that begins with rtsp://, rtsps://, http:// or https://.

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
    values: dict[str, str] = {}
    try:
        pairs = parse_qsl(query or "", keep_blank_values=True, strict_parsing=bool(query))
    except ValueError:
        raise WrongUse(f"what follows {address}? says nothing of a camera", _PARAMETERS) from None
    for key, value in pairs:
        if key in values or key not in _READERS:
            said = f"a camera has no parameter {shown_path(key)!r}, or it is said twice"
            raise WrongUse(said, _PARAMETERS)
        values[key] = value
    size = _READERS["size"](values["size"]) if "size" in values else None
    fps = _READERS["fps"](values["fps"]) if "fps" in values else None
    return CameraSpec(kind, address, address, name, size, fps)  # type: ignore[arg-type]


def _on_the_network(text: str, scheme: str) -> CameraSpec:
    shown = without_secrets(text)
    demand_encoded(text, shown)
    try:
        parts = urlsplit(text)
        is_whole = bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_whole = False
    has_odd = any(letter <= " " or letter == "\x7f" for letter in text)
    if not is_whole or has_odd or len(text) > _LONGEST_ADDRESS:
        raise WrongUse(
            f"the address {shown} is broken",
            f"write it like rtsp://user:password@host:554/stream; {HOW}",
        )
    host = re.sub(r"[^\w.-]+", "_", shown.partition("://")[2]).strip("._-") or "camera"
    return CameraSpec(CameraKind.NETWORK, text, shown, f"{scheme}_{host}"[:100])


_PARAMETERS = "write it like /dev/video0?size=1280x720&fps=30"


def _size(text: str) -> tuple[int, int]:
    if match := _SIZE.fullmatch(text):
        return int(match[1]), int(match[2])
    raise WrongUse(f"{shorten(text)!r} is no size", _PARAMETERS)


def _fps(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0.1 <= value <= _FASTEST_FPS:
        raise WrongUse(f"{shorten(text)!r} is no frame rate", _PARAMETERS)
    return value


_READERS: dict[str, Callable[[str], object]] = {"size": _size, "fps": _fps}
