"""The address of a scene on a server: triton://host:8001/scene?fallback=local."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple
from urllib.parse import SplitResult, parse_qsl, urlsplit

from edge_vad.backends.triton.naming import MODEL_NAME
from edge_vad.errors import WrongUse

SCHEMES = ("triton", "triton+tls")
FORM = "triton://HOST:8001/SCENE"

_PORT = 8001
_LONGEST_S = 60.0
_FORMS = "give " + FORM + ", or triton+tls://… where the server speaks TLS"


class Tls(NamedTuple):
    """How a server proves who it is, and this client to it.

    Attributes:
        ca: Certificates that are trusted; those that come with gRPC when None.
        cert: This client's certificate; None without one.
        key: Its private key.
    """

    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None


class TritonAddress(NamedTuple):
    """Where a scene is scored.

    Attributes:
        target: Host and port.
        scene: Name of the model; that of the scene model's file when empty.
        tls: How both sides prove who they are; None without TLS.
        shares_memory: Whether tensors lie in memory that both see, and are not sent.
        deadline_s: Seconds that a frame may take, with a second try.
        falls_back: Whether this machine scores while the server is away.
    """

    target: str
    scene: str = ""
    tls: Tls | None = None
    shares_memory: bool = False
    deadline_s: float = 1.0
    falls_back: bool = False


def is_address(text: str) -> bool:
    """Whether a backend is meant as the address of a server."""
    return text.partition("://")[0].lower() in SCHEMES and "://" in text


def parse_address(text: str) -> TritonAddress:
    """Read an address.

    Raises:
        WrongUse: It is none, or has an option that does not exist.

    Example:
        >>> parse_address("triton://gpu:8001/street?fallback=local").falls_back
        True
    """
    try:
        parts = urlsplit(text)
        port = parts.port or _PORT
    except ValueError:  # it is not repeated: somebody may have put a password into it
        raise WrongUse("that is no address of a server", _FORMS) from None
    scene = parts.path.strip("/")
    if not parts.hostname or "@" in parts.netloc or parts.fragment:
        raise WrongUse("that is no address of a server: a host, and no password", _FORMS)
    if scene and not MODEL_NAME.fullmatch(scene):
        raise WrongUse(f"a server has no scene called {scene!r}", _FORMS)
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    options = _options(parts)
    return TritonAddress(
        f"{host}:{port}",
        scene,
        _tls(options, is_on=parts.scheme == "triton+tls"),
        _chosen(options, "memory", "shared"),
        _seconds(options),
        _chosen(options, "fallback", "local"),
    )


_OPTIONS = ("fallback", "memory", "deadline", "ca", "cert", "key")


def _options(parts: SplitResult) -> dict[str, str]:
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    options = dict(pairs)
    wrong = [name for name in options if name not in _OPTIONS]
    if wrong or len(options) != len(pairs):
        raise WrongUse(
            f"the address of a server has no option {wrong[0]!r}"
            if wrong
            else "the address of a server says an option twice",
            f"there are {', '.join(_OPTIONS)}",
        )
    return options


def _chosen(options: dict[str, str], name: str, only: str) -> bool:
    if options.get(name, only) != only:
        raise WrongUse(
            f"{name}={options[name]} is no choice", f"say {name}={only}, or leave it out"
        )
    return name in options


def _seconds(options: dict[str, str]) -> float:
    text = options.get("deadline", "1")
    try:
        seconds = float(text.removesuffix("s"))
    except ValueError:
        seconds = 0.0
    if not 0.01 <= seconds <= _LONGEST_S:
        raise WrongUse(
            f"deadline={text} is no time that a frame may take",
            f"say seconds, from 0.01 to {_LONGEST_S:.0f}",
        )
    return seconds


def _tls(options: dict[str, str], *, is_on: bool) -> Tls | None:
    files = {name: Path(options[name]) for name in Tls._fields if name in options}
    if files and not is_on:
        raise WrongUse("ca, cert and key are for TLS", "say triton+tls://")
    if ("cert" in files) != ("key" in files):
        raise WrongUse("a certificate and its key belong together", "give cert and key, or neither")
    for name, file in files.items():
        if not file.is_file():
            raise WrongUse(f"{name}={file} is not a file", "give the path of a PEM file")
    return Tls(**files) if is_on else None
