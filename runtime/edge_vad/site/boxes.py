"""The machines of a site, boxes, as a file lists them: their pages, tokens and certificates."""

from __future__ import annotations

import ipaddress
import os
import re
import ssl
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

import msgspec

from edge_vad.errors import BadInput, WrongUse
from edge_vad.files.private import demand_private
from edge_vad.network.http_client import Target
from edge_vad.sinks.secret import read_secret
from edge_vad.sinks.setting_types import Name, Settings, Text, check_url
from edge_vad.site.reading import DocumentKind, decode_toml, read_document
from edge_vad.untrusted import shown_path

MOST_BOXES = 1000
_MEND = "docs/howto/roll_out_scenes.md lists what a file of boxes may say"
_NAMED = re.compile(r"[^=/\\]*=https?:")
_FILES = ("token_file", "deploy_token_file", "ca")


class SiteBox(Settings, frozen=True, kw_only=True):
    """Another machine that watches cameras and shows its page.

    Attributes:
        name: What it is called; unique.
        url: Of its page, `https://HOST[:PORT]`.
        token_env: Environment variable that holds the token of those who may look.
        token_file: File that holds it, for its owner alone.
        deploy_token_env: Environment variable that holds the token of those who roll out scenes.
        deploy_token_file: File that holds it, for its owner alone.
        ca: Certificates to check the box's by; the system's when None.
        plain_http: Whether `http://` may lead to another machine, as within a VPN.
    """

    name: Name
    url: Text
    token_env: Name | None = None
    token_file: Text | None = None
    deploy_token_env: Name | None = None
    deploy_token_file: Text | None = None
    ca: Text | None = None
    plain_http: bool = False

    def __post_init__(self) -> None:
        check_url(self.url)
        parts = urlsplit(self.url)
        if parts.path not in ("", "/") or parts.query or parts.fragment:
            raise ValueError("the address of a box ends after host and port")
        if parts.scheme == "http" and not (self.plain_http or _is_local(parts)):
            raise ValueError(
                "tokens and pictures would go unencrypted: use https://, or say plain_http = true"
            )
        if self.token_env and self.token_file:
            raise ValueError("give the token by token_env or by token_file, not by both")
        if self.deploy_token_env and self.deploy_token_file:
            raise ValueError("give the deploy token by deploy_token_env or by deploy_token_file")

    def token(self) -> str | None:
        """The token of those who may look; None where none is named.

        Raises:
            BadInput: It is not where it should be, or others may read its file.
        """
        return _secret(self.token_env, self.token_file)

    def deploy_token(self) -> str | None:
        """The token of those who roll out scenes; None where none is named.

        Raises:
            BadInput: As for `token`.
        """
        return _secret(self.deploy_token_env, self.deploy_token_file)

    def target(self) -> Target:
        """Whom to call.

        Raises:
            BadInput: The certificates cannot be read.
        """
        parts = urlsplit(self.url)
        context = _context(self.ca) if parts.scheme == "https" else None
        return Target(str(parts.hostname), parts.port, context)


class Boxes(Settings, frozen=True, kw_only=True):
    """All machines of a site, or of several.

    Attributes:
        boxes: The machines.
    """

    boxes: Annotated[tuple[SiteBox, ...], msgspec.Meta(min_length=1, max_length=MOST_BOXES)]

    def __post_init__(self) -> None:
        names = [box.name for box in self.boxes]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise ValueError(f"two boxes are called {twice!r}")


def read_boxes(path: Path) -> tuple[SiteBox, ...]:
    """Read and check a file of boxes; the files that it names lie relative to it.

    Raises:
        BadInput: It cannot be read, is no TOML, or says something unknown or impossible; the
            message names the line.
    """
    kind = DocumentKind(shown_path(path), "file of boxes", _MEND)
    found = decode_toml(read_document(path), Boxes, kind)
    return tuple(_placed(box, path.parent) for box in found.boxes)


def are_named(text: str) -> bool:
    """Whether a text is such as `named_boxes` takes; else it is a path."""
    return _NAMED.match(text) is not None


def named_boxes(text: str) -> tuple[SiteBox, ...]:
    """The boxes of a text; the token of `north` stands in the variable EDGE_VAD_TOKEN_NORTH.

    Args:
        text: `north=https://10.0.0.5:8420,south=https://south.example`.

    Raises:
        WrongUse: A name or an address is none; the text is not repeated, for it may hold a token.
    """
    pairs = [each.partition("=") for each in text.split(",")]
    boxes = [{"name": name, "url": url, **_variable(name)} for name, _, url in pairs]
    _refuse_shared(boxes)
    try:
        return msgspec.convert({"boxes": boxes}, Boxes).boxes
    except msgspec.ValidationError as error:
        raise WrongUse(
            f"this names no boxes: {error}",
            "write north=https://10.0.0.5:8420,south=https://south.example, or the path of a file",
        ) from None


def _refuse_shared(boxes: Sequence[Mapping[str, str]]) -> None:
    """See to it that no box gets the token of another whose name is spelt like its own."""
    variables = [each["token_env"] for each in boxes if "token_env" in each]
    if twice := next((each for each in variables if variables.count(each) > 1), None):
        raise WrongUse(
            f"two boxes would take their token from {twice}",
            "rename one, or list them in a file: --sites boxes.toml",
        )


def _variable(name: str) -> dict[str, str]:
    variable = f"EDGE_VAD_TOKEN_{name.upper().replace('-', '_')}"
    return {"token_env": variable} if os.environ.get(variable) else {}


def _placed(box: SiteBox, folder: Path) -> SiteBox:
    named = {key: value for key in _FILES if (value := getattr(box, key)) is not None}
    files = {key: str(folder / value) for key, value in named.items()}
    return msgspec.structs.replace(box, **files)


def _secret(variable: str | None, file: str | None) -> str | None:
    if file is not None:
        demand_private(Path(file), "the secret")
    text = read_secret(variable, file)
    if text is None:
        return None
    text = text.strip()
    if not text.isprintable() or max(text, default=" ") > "\xff":  # a header cannot carry it
        raise BadInput(
            f"the secret in {variable or shown_path(str(file))} is no token",
            "write it alone, in one line: openssl rand -hex 24 makes one",
        )
    return text


def _context(ca: str | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca)
    except (OSError, ValueError):  # what is no certificate is an SSLError, an OSError
        raise BadInput(
            f"the certificates in {shown_path(str(ca))} cannot be read",
            "name a file in PEM that this user may read",
        ) from None


def _is_local(parts: SplitResult) -> bool:
    """Whether what is sent there stays on this machine."""
    host = str(parts.hostname)
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
