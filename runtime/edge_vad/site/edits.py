"""Carries out in a site file what was asked for through the page; nothing of it is trusted."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET

from edge_vad.alarms.settings import ZoneSettings
from edge_vad.errors import WrongUse
from edge_vad.preprocessing.regions import Polygons
from edge_vad.sinks.edits import AddCamera, ChangeCamera, Edit, RemoveCamera
from edge_vad.site.changes import SECRETS, is_secret, keep_secret, plain
from edge_vad.site.editing import add_camera, camera_table
from edge_vad.site.settings import CameraSettings
from edge_vad.sources.addresses.address import CameraKind, CameraSpec
from edge_vad.sources.addresses.encoding import HOW
from edge_vad.sources.addresses.spec import parse_spec

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

_SCHEMES = ("http", "https", "rtsp", "rtsps")
_KEPT = re.compile(rf"{SECRETS}/[A-Za-z0-9_-]{{1,64}}-[0-9a-f]{{8}}")
_KINDS = (
    "write rtsp://user:password@host:554/stream, http://host/stream, /dev/video0 or csi://0; "
    f"anything else stands in the site file by hand; {HOW}"
)


def demand_camera(source: str) -> CameraSpec:
    """See to it that a source is a camera by RTSP or HTTP, or one that is plugged in.

    It is read as the run will read it, so that nothing on the disk can take its place.

    Raises:
        WrongUse: It is a file, a folder, a test picture, another protocol, or may lead to other
            hosts; the text is not repeated.
    """
    try:
        spec = parse_spec(source) if source.isprintable() else None
    except WrongUse:  # the same words for all: nobody learns from them which files there are
        spec = None
    if not isinstance(spec, CameraSpec) or (
        spec.kind is CameraKind.NETWORK and spec.address.partition("://")[0].lower() not in _SCHEMES
    ):
        raise WrongUse("this is no camera that can be added here", _KINDS)
    if spec.hosts or spec.options:
        raise WrongUse("only fps and transport may follow the # here", _KINDS)
    return spec


def carry_out(document: TOMLDocument, camera: str, edit: Edit, scenes: Sequence[str]) -> None:
    """Change the document; a source must have been put by `keep_source` before.

    Args:
        document: The site file.
        camera: Name of the camera that is changed or removed.
        edit: The change.
        scenes: Scene models that a camera may be added with.

    Raises:
        WrongUse: There is no such camera, or no such scene.
    """
    if isinstance(edit, AddCamera):
        if edit.scene not in scenes:
            raise WrongUse("there is no such scene here", f"use one of {', '.join(scenes)}")
        add_camera(document, _fields(edit))
    elif isinstance(edit, RemoveCamera):
        _remove(document, camera)
    else:
        _change(camera_table(document, camera), edit)


def keep_source(edit: AddCamera, site: Path) -> AddCamera:
    """Put the address of a network camera into a file of its own: it may hold a password.

    Args:
        edit: The camera.
        site: The site file.

    Returns:
        The same with `secrets/NAME-...` for its source, or as it was for one that is plugged in.

    Raises:
        WrongUse: The source is none that may be added.
        BadInput: The file cannot be written.
    """
    if not is_secret(demand_camera(edit.source)):
        return edit
    name = f"{re.sub('[^A-Za-z0-9_-]', '_', edit.name)}-{secrets.token_hex(4)}"
    keep_secret(site, name, edit.source)
    return msgspec.structs.replace(edit, source=f"{SECRETS}/{name}")


def forget_source(source: str | None, folder: Path) -> None:
    """Delete the file of an address that `keep_source` wrote, and no other."""
    if source is not None and _KEPT.fullmatch(source):
        (folder / source).unlink(missing_ok=True)


def _fields(edit: AddCamera) -> dict[str, Any]:
    key = "source_file" if _KEPT.fullmatch(edit.source) else "source"
    fields: dict[str, Any] = {"name": edit.name, key: edit.source, "scene": edit.scene}
    if edit.false_alarms is not None:
        fields["decision"] = {"false_alarms": edit.false_alarms}
    return fields


def _remove(document: TOMLDocument, camera: str) -> None:
    table = camera_table(document, camera)
    cameras: Any = document["cameras"]
    del cameras[next(place for place, each in enumerate(cameras) if each is table)]


def _change(table: Any, edit: ChangeCamera) -> None:
    import tomlkit

    if edit.name is not UNSET:
        table["name"] = edit.name
    decision = table.get("decision", tomlkit.table())
    _put(decision, "false_alarms", edit.false_alarms)
    if edit.ignore is not UNSET:
        _put(decision, "ignore", _corners(edit.ignore))
    if edit.zones is not UNSET:
        _put_zones(decision, edit.zones)
    if decision and "decision" not in table:
        table["decision"] = decision


def _put(table: Any, key: str, value: Any) -> None:
    """Set a value, unless it is so already; nothing, or an empty list, is left out."""
    if value is UNSET or table.get(key) == value:
        return
    if value is None or value == []:
        table.pop(key, None)
    else:
        table[key] = value


def _put_zones(decision: Any, zones: Sequence[ZoneSettings]) -> None:
    """Zones that stay keep their tables, and so their comments."""
    import tomlkit

    before = decision.get("zones", [])
    if [each.get("name") for each in before] != [zone.name for zone in zones]:
        decision.pop("zones", None)
        if not zones:
            return
        before = tomlkit.array().multiline(True)
        for zone in zones:
            inline = tomlkit.inline_table()
            inline["name"] = zone.name
            before.append(inline)
        decision["zones"] = before
    for table, zone in zip(decision.get("zones", ()), zones, strict=True):
        _put(table, "polygon", _corners([zone.polygon])[0])
        _put(table, "false_alarms", zone.false_alarms)


def _corners(polygons: Polygons | Sequence[Any]) -> list[list[list[float]]]:
    """Corners as they are written: whole numbers without a point."""
    return [[[plain(x), plain(y)] for x, y in polygon] for polygon in polygons]


def source_file_of(cameras: Sequence[CameraSettings], name: str) -> str | None:
    """The file that a camera's address stands in, if it has one."""
    return next((each.source_file for each in cameras if each.name == name), None)
