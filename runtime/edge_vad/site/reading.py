"""Reads a site file, and says on which line it is wrong."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import msgspec

from edge_vad.errors import BadInput, WrongUse
from edge_vad.site.lines import line_of, parts_of
from edge_vad.site.settings import CameraSettings, SiteSettings
from edge_vad.site.words import in_words

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_LARGEST_BYTES = 1_000_000
_AT = re.compile(r"^(.*?)(?: - at `(.*)`)?$", re.DOTALL)
_UNKNOWN = re.compile(r"unknown field `(.*?)`")
_MEND = "docs/live.md lists what a site file may say"


def read_site(path: Path) -> SiteSettings:
    """Read and check a site file.

    Raises:
        BadInput: It cannot be read, is no TOML, or says something unknown or impossible; the
            message names the line.
    """
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise BadInput(f"{path} is no site file: it is larger than a megabyte", _MEND)
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text: save it as such"
        raise BadInput(f"{path} cannot be read ({reason})", "check the path") from None
    return decode_site(text, str(path))


def decode_site(text: str, name: str = "the site file") -> SiteSettings:
    """Decode and check the text of a site file; `name` is what errors call it.

    Raises:
        BadInput: As for `read_site`.
    """
    try:
        document = tomllib.loads(text.removeprefix("\ufeff"))
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        raise BadInput(f"{name} is no TOML: {_said(error)}", _MEND) from None
    try:
        return msgspec.convert(document, SiteSettings)
    except (msgspec.ValidationError, RecursionError) as error:
        raise BadInput(_located(str(error), text, name), _MEND) from None


def source_of(camera: CameraSettings, folder: Path) -> str:
    """The source of a camera, wherever it is written down.

    Raises:
        WrongUse: The environment variable is not set.
        BadInput: The file cannot be read.
    """
    if camera.source is not None:
        return camera.source
    if camera.source_env is not None:
        value = os.environ.get(camera.source_env, "")
        if not value:
            raise WrongUse(
                f"{camera.source_env}, the source of {camera.name}, is not set",
                "set it in the environment",
            )
        return value
    path = folder / str(camera.source_file)
    try:
        return path.read_text(encoding="utf-8-sig").strip()
    except (OSError, ValueError):
        raise BadInput(
            f"{path}, the source of {camera.name}, cannot be read", "check the path"
        ) from None


def _located(message: str, text: str, name: str) -> str:
    match = _AT.match(message)
    assert match  # noqa: S101 - it matches any text
    what, path = match[1], match[2] or "$"
    if unknown := _UNKNOWN.search(what):
        path = f"{path}.{unknown[1]}"
    where = ".".join(parts_of(path)) or "the document"
    what = in_words(what[:1].lower() + what[1:])
    return f"{name}, line {line_of(text, path)}: {where}: {what}"


def _said(error: Exception) -> str:
    """What the parser says, without the text of the document, which may hold a password."""
    at = re.search(r"line \d+, column \d+", str(error))
    return at[0] if at else type(error).__name__
