"""What the settings of sinks are made of."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

import msgspec

Name = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{1,64}$(?!\n)")]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]
Topic = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_/-]{1,128}$(?!\n)")]
Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]
Megabytes = Annotated[int, msgspec.Meta(ge=1, le=10_000_000)]
_LABEL = "[A-Za-z0-9_-]{1,63}"
Host = Annotated[
    str,
    msgspec.Meta(
        pattern=rf"^((?:{_LABEL}\.)*{_LABEL}\.?|[0-9a-fA-F:]{{2,45}})$(?!\n)", max_length=253
    ),
]
Address = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-fA-F.:]{2,45}$(?!\n)")]


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Unchangeable, and refused when it holds a field nobody knows."""


def check_url(url: str) -> None:
    """Check an address that requests go to.

    Raises:
        ValueError: It is none; its text is not repeated, for it may hold a token.
    """
    try:
        parts = urlsplit(url)
        is_url = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_url = False
    if not is_url or any(character <= " " or character > "~" for character in url):
        raise ValueError("the address must begin with http:// or https:// and name a host")
    if parts.username or parts.password:
        raise ValueError("the address must not hold a user and password")
