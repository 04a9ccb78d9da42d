"""Our own options of a source: after `?` of a file or device, after `#` of a network address."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from edge_vad.errors import WrongUse
from edge_vad.untrusted import shorten

_SIZE = re.compile(r"([1-9][0-9]{1,4})x([1-9][0-9]{1,4})")
_SLOWEST_FPS, _FASTEST_FPS = 0.1, 240.0
TRANSPORTS = ("tcp", "udp")
DECODERS = ("auto", "software", "nvdec", "vaapi", "v4l2")

FFMPEG_OPTIONS = frozenset(
    {
        "analyzeduration",
        "buffer_size",
        "fifo_size",
        "max_delay",
        "probesize",
        "reorder_queue_size",
        "user_agent",
    }
)
"""What FFmpeg may be told of one camera: nothing that opens files or other hosts."""


def read_options(text: str, known: frozenset[str], what: str, todo: str) -> dict[str, Any]:
    """Read options such as `size=1280x720&fps=30`.

    Args:
        text: The options, without what leads to them.
        known: Those that may be said, each once.
        what: Whose options they are, for errors; nothing of the text is repeated in them.
        todo: How they are written.

    Raises:
        WrongUse: One is unknown, said twice, or has no such value.
    """
    try:
        pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text))
    except ValueError:
        raise WrongUse(f"{what}: that is no option", todo) from None
    values: dict[str, Any] = {}
    for key, value in pairs:
        if key in values or key not in known:
            name = repr(key) if re.fullmatch(r"[a-z_]{1,20}", key) else "so"
            raise WrongUse(f"{what}: no such option {name}, or said twice", todo)
        values[key] = _READERS.get(key, _word)(value, todo)
    return values


def _size(text: str, todo: str) -> tuple[int, int]:
    if match := _SIZE.fullmatch(text):
        return int(match[1]), int(match[2])
    raise WrongUse(f"{shorten(text)!r} is no size", todo)


def read_fps(text: str, todo: str) -> float:
    """Read a frame rate.

    Raises:
        WrongUse: It is none.
    """
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not _SLOWEST_FPS <= value <= _FASTEST_FPS:
        raise WrongUse(f"{shorten(text)!r} is no frame rate", todo)
    return value


def _flag(text: str, todo: str) -> bool:
    if text not in ("0", "1"):
        raise WrongUse("a flag is 0 or 1", todo)
    return text == "1"


def _transport(text: str, todo: str) -> str:
    if text not in TRANSPORTS:
        raise WrongUse(f"a transport is {' or '.join(TRANSPORTS)}", todo)
    return text


def _decode(text: str, todo: str) -> str:
    if text not in DECODERS:
        raise WrongUse(
            f"{shorten(text)!r} decodes nothing", f"decode is {', '.join(DECODERS)}; {todo}"
        )
    return text


def _hosts(text: str, todo: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    if not all(re.fullmatch(r"[A-Za-z0-9_.:\[\]-]{1,253}", name) for name in names):
        raise WrongUse("hosts are names or addresses with commas between them", todo)
    return names


def _word(text: str, todo: str) -> str:
    if not re.fullmatch(r"[\w ./:+()-]{1,200}", text, re.ASCII):
        raise WrongUse("an option has a value that cannot be", todo)
    return text


_READERS: dict[str, Callable[[str, str], Any]] = {
    "size": _size,
    "fps": read_fps,
    "realtime": _flag,
    "loop": _flag,
    "transport": _transport,
    "hosts": _hosts,
    "decode": _decode,
}
