"""What is signed of a push: for which site it is, which one it is, and its files' digests."""

from __future__ import annotations

import time
from typing import Annotated, Literal

import msgspec

from edge_vad.scene_file import LARGEST_FILE
from edge_vad.sinks.pushes import MOST_FILES, OlderPush, PushRefused
from edge_vad.site.settings import Name

SITE_FILE = "site.toml"
LARGEST_MANIFEST = 100_000
DOMAIN = b"edge-vad push 1\0"
"""Signed before the manifest, so that a signature of anything else is none of a push."""
_LARGEST_NUMBER = 2**53 - 1
_FILE = r"^(?:[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}\.onnx|site\.toml)$(?!\n)"
_MEND = "push again with the same version of edge-vad on both machines"


class PushedFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of a push.

    Attributes:
        name: A scene model's, or `site.toml`; never a path.
        size: Bytes.
        sha256: Of its content, hexadecimal.
    """

    name: Annotated[str, msgspec.Meta(pattern=_FILE)]
    size: Annotated[int, msgspec.Meta(ge=1, le=LARGEST_FILE)]
    sha256: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$(?!\n)")]


class PushManifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A push, as it is signed.

    Attributes:
        format: Of this document.
        site: Name of the site that it is for, as its site file says.
        serial: Larger than that of every push before.
        expires: From when on it is no longer taken, s since 1970.
        files: Its files; their names are unique.
    """

    format: Literal[1] = 1
    site: Name
    serial: Annotated[int, msgspec.Meta(ge=1, le=_LARGEST_NUMBER)]
    expires: Annotated[int, msgspec.Meta(ge=1, le=_LARGEST_NUMBER)]
    files: Annotated[tuple[PushedFile, ...], msgspec.Meta(min_length=1, max_length=MOST_FILES)]

    def __post_init__(self) -> None:
        if len({file.name for file in self.files}) != len(self.files):
            raise ValueError("two files have the same name")

    @property
    def scenes(self) -> tuple[PushedFile, ...]:
        """All files but the site file."""
        return tuple(file for file in self.files if file.name != SITE_FILE)

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)


def decode_manifest(content: bytes) -> PushManifest:
    """Read a manifest whose signature is good.

    Raises:
        PushRefused: It is none, or of a later version.
    """
    try:
        return msgspec.json.decode(content, type=PushManifest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise PushRefused(f"what was signed is no push: {error}", _MEND) from None


def demand_timely(
    manifest: PushManifest, site: str, highest: int, most_bytes: int, now_s: float | None = None
) -> None:
    """See to it that a push is for this site, now, and larger in number but not in size.

    Args:
        manifest: Of the push.
        site: Name of this site.
        highest: Serial of the newest push that was ever taken over.
        most_bytes: What a push may have.
        now_s: Seconds since 1970; this machine's clock when None.

    Raises:
        OlderPush: One as new was taken over, or it has expired.
        PushRefused: It is for another site, or too large.
    """
    now_s = time.time() if now_s is None else now_s
    if manifest.site != site:
        raise PushRefused(
            f"this push is for the site {manifest.site}, and here is {site}",
            "give the box in the file of boxes the name that its site file has in [push]",
        )
    if manifest.serial <= highest:
        raise OlderPush(
            f"push {manifest.serial} is not newer than {highest}, which was taken over",
            f"push again, with --serial above {highest} where a clock was wrong; to go back, run "
            "edge-vad site rollback on the box",
        )
    if now_s >= manifest.expires:
        raise OlderPush(
            f"push {manifest.serial} has expired",
            "push again; where that is no help, set the clocks of both machines",
        )
    if manifest.size > most_bytes:
        raise PushRefused(
            f"the push has {manifest.size // 1_000_000} MB, more than may come at a time",
            "push fewer scenes at a time, or raise max_size_mb in [push] of the box",
        )
