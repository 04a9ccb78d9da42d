"""What commands change in a site file: cameras, what they ignore, who is notified."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_vad.errors import BadInput, WrongUse
from edge_vad.files.atomic import PRIVATE, make_private_folder, write_whole
from edge_vad.preprocessing.regions import Polygon
from edge_vad.site.editing import Change, add_camera, camera_table
from edge_vad.sources.addresses.address import CameraKind, CameraSpec
from edge_vad.sources.connecting import LiveSpec
from edge_vad.untrusted import shown_path

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

BEGIN = """\
# What is watched here, and where its events go: docs/live.md and docs/sinks.md of edge-vad.
backend = "auto"      # the fastest that works on this machine

[sinks]
folder = "watched"    # events, their pictures and clips
[sinks.store]
[sinks.clips]
[sinks.jsonl]
"""
"""A site file before its first camera."""
SECRETS = "secrets"
"""Folder beside a site file, for its owner alone."""


def keep_secret(site: Path, name: str, text: str) -> Path:
    """Keep an address or a password in a file of its own, beside the site file; its path.

    Args:
        site: The site file.
        name: Of the file.
        text: What is kept; an earlier one is replaced.

    Raises:
        BadInput: It cannot be written.
    """
    place = site.parent / SECRETS / name
    try:
        make_private_folder(place.parent)
        write_whole(place, f"{text}\n".encode(), PRIVATE)
    except OSError as error:
        raise BadInput(
            f"{shown_path(place)} cannot be written ({error.strerror})",
            "make its folder writable, or free some space",
        ) from None
    return place


def is_secret(spec: LiveSpec) -> bool:
    """Whether a source is kept in a file of its own: its address may hold a password."""
    return isinstance(spec, CameraSpec) and spec.kind is CameraKind.NETWORK


def with_camera(site: Path, name: str, source: str | None, source_file: Path | None) -> Change:
    """Add a camera, whose scene and footage lie beside the site file, named like it.

    Args:
        site: The site file.
        name: The camera's.
        source: Where its pictures come from; None where a file says so.
        source_file: That file.
    """
    fields: dict[str, Any] = {"name": name, **_source_fields(site, source, source_file)}
    fields |= {"scene": f"{name}.onnx", "footage": [f"footage/{name}"]}
    return lambda document: add_camera(document, fields)


def with_source(site: Path, name: str, source: str | None, source_file: Path | None) -> Change:
    """Give a camera another source; see `with_camera`."""
    fields = _source_fields(site, source, source_file)

    def change(document: TOMLDocument) -> None:
        table = camera_table(document, name)
        for key in ("source", "source_env", "source_file"):
            if key not in fields:
                table.pop(key, None)
        table.update(fields)

    return change


def _source_fields(site: Path, source: str | None, source_file: Path | None) -> dict[str, Any]:
    if source_file is None:
        return {"source": source}
    return {"source_file": os.path.relpath(source_file.resolve(), site.resolve().parent)}


def with_ignored(name: str, regions: Sequence[Polygon]) -> Change:
    """Let a camera ignore regions, besides those that it ignores."""

    def change(document: TOMLDocument) -> None:
        decision = camera_table(document, name).setdefault("decision", {})
        ignored = decision.setdefault("ignore", [])
        for region in regions:
            ignored.append([[plain(x), plain(y)] for x, y in region])

    return change


def with_notice(name: str, address_file: Path, picture: bool) -> Change:
    """Notify somebody of events.

    Args:
        name: What they are called.
        address_file: File with the address, in Apprise's words.
        picture: Whether pictures leave this machine.
    """
    import tomlkit

    def change(document: TOMLDocument) -> None:
        table = tomlkit.table()
        table.trivia.indent = "\n"  # a line above it stays empty
        table.update({"name": name, "address_file": str(address_file.resolve())})
        table["picture"] = picture
        sinks = document.setdefault("sinks", {})
        if any(each.get("name") == name for each in sinks.get("notify", ())):
            raise WrongUse(f"{name} is notified already", "choose another --name")
        if picture:
            sinks.setdefault("store", {})
        sinks.setdefault("notify", tomlkit.aot()).append(table)

    return change


def plain(number: float) -> float | int:
    """A number as people write it: a whole one without a point."""
    return int(number) if number == int(number) else number
