"""Reads a site file, or a file of boxes, and says on which line it is wrong."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import NamedTuple, TypeVar

import msgspec

from edge_vad.errors import BadInput
from edge_vad.files.bounded import read_text, reason_of
from edge_vad.site.lines import line_of, parts_of
from edge_vad.site.msgspec_errors import explain
from edge_vad.site.settings import SiteSettings
from edge_vad.untrusted import shorten, shown_path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_LARGEST_BYTES = 1_000_000
_MOST_PARTS = 64
_BETWEEN_KEYS = re.compile(r"[=,\[\]{}\n]")
_AT = re.compile(r"^(.*?)(?: - at `(.*)`)?$", re.DOTALL)
_UNKNOWN = re.compile(r"unknown field `(.*?)`")
_MEND = "docs/live.md lists what a site file may say"
Record = TypeVar("Record", bound=msgspec.Struct)


class DocumentKind(NamedTuple):
    """What errors call a document.

    Attributes:
        name: Of the file.
        what: It is to be.
        mend: Where it is told what it may say.
    """

    name: str
    what: str
    mend: str


def read_site(path: Path) -> SiteSettings:
    """Read and check a site file.

    Raises:
        BadInput: It cannot be read, is no TOML, or says something unknown or impossible; the
            message names the line.
    """
    return decode_site(read_document(path), str(path))


def read_document(path: Path) -> str:
    """Read the text of a site file.

    Raises:
        BadInput: It cannot be read, or is too large to be one.
    """
    try:
        return read_text(path, _LARGEST_BYTES)
    except (OSError, ValueError) as error:
        raise BadInput(
            f"{shown_path(path)} cannot be read ({reason_of(error)})", "check the path"
        ) from None


def decode_site(text: str, name: str = "the site file") -> SiteSettings:
    """Decode and check the text of a site file; `name` is what errors call it.

    Raises:
        BadInput: As for `read_site`.
    """
    return decode_toml(text, SiteSettings, DocumentKind(name, "site file", _MEND))


def decode_toml(text: str, record: type[Record], kind: DocumentKind) -> Record:
    """Decode and check a document in TOML.

    Args:
        text: The document.
        record: What it may say.
        kind: What errors call it.

    Raises:
        BadInput: It is no TOML, or says something unknown or impossible; the message names the
            line.
    """
    if len(text) > _LARGEST_BYTES or _is_nested_too_deep(text):
        raise BadInput(
            f"{kind.name} is no {kind.what}: it is too large, or nested too deep", kind.mend
        )
    try:
        document = tomllib.loads(text.removeprefix("\ufeff"))
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        raise BadInput(f"{kind.name} is no TOML: {_described_error(error)}", kind.mend) from None
    try:
        return msgspec.convert(document, record)
    except (msgspec.ValidationError, RecursionError) as error:
        raise BadInput(_located(str(error), text, kind.name), kind.mend) from None


def _is_nested_too_deep(text: str) -> bool:
    """Whether a key has more parts than any that a site file may say; reading it takes for ever."""
    return any(word.count(".") > _MOST_PARTS for word in _BETWEEN_KEYS.split(text))


def _located(message: str, text: str, name: str) -> str:
    match = _AT.match(message)
    assert match  # noqa: S101 - it matches any text
    what, path = match[1], match[2] or "$"
    if unknown := _UNKNOWN.search(what):
        path = f"{path}.{unknown[1]}"
    where = shorten(".".join(parts_of(path))) or "the document"
    what = shorten(explain(what[:1].lower() + what[1:]))
    return f"{name}, line {line_of(text, path)}: {where}: {what}"


def _described_error(error: Exception) -> str:
    """What the parser says, without the text of the document, which may hold a password."""
    at = re.search(r"line \d+, column \d+", str(error))
    return at[0] if at else type(error).__name__
