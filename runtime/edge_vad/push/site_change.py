"""What a push makes of a box's site file: other scenes, and other cameras where it says so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from edge_vad.errors import EdgeVadError
from edge_vad.push.manifest import SITE_FILE, PushedFile, PushManifest
from edge_vad.push.releases import FOLDER, digest_of
from edge_vad.sinks.pushes import PushRefused
from edge_vad.site.editing import parse_document
from edge_vad.site.edits import demand_camera
from edge_vad.site.reading import decode_site
from edge_vad.site.settings import CameraSettings, SiteSettings

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

_PUSHED = ("cameras", "false_alarms")
"""What a pushed site file may change; all else is for who is at the box."""


def demand_shown(manifest: PushManifest, site: SiteSettings) -> None:
    """See to it that cameras show the scenes of a push that brings no site file.

    Raises:
        PushRefused: One of them is shown by none.
    """
    if all(file.name != SITE_FILE for file in manifest.files):
        _demand_shown({file.name for file in manifest.files}, site)


def _demand_shown(scenes: AbstractSet[str], site: SiteSettings) -> None:
    shown = {scene_name(each.scene) for each in site.cameras}
    if unknown := sorted(scenes - shown):
        raise PushRefused(f"no camera here shows {unknown[0]}", f"push {', '.join(sorted(shown))}")


def missing_files(
    manifest: PushManifest, site: SiteSettings, folder: Path
) -> tuple[PushedFile, ...]:
    """The files of a push that the box does not have, wherever it shows a scene of that name.

    Args:
        manifest: Of the push.
        site: What the site file says.
        folder: What its paths are relative to.
    """
    digests: dict[str, set[str]] = {}
    for each in {camera.scene for camera in site.cameras}:
        digests.setdefault(scene_name(each), set()).add(digest_of(folder / each))
    return tuple(file for file in manifest.files if digests.get(file.name) != {file.sha256})


def scene_name(scene: str) -> str:
    """A scene without the folder of the push that brought it."""
    return PurePosixPath(scene).name


def rewritten(text: str, serial: int, scenes: frozenset[str], pushed: str | None) -> str:
    """The site file as a push makes it; comments stay.

    Args:
        text: The site file.
        serial: Of the push.
        scenes: Names of the scenes that it brought.
        pushed: The site file that came with it, if one did.

    Raises:
        PushRefused: A scene is shown by no camera, or the site file that came may not be taken.
    """
    document = parse_document(text)
    if pushed is not None:
        _take_cameras(document, pushed, decode_site(text))
    _demand_shown(scenes, decode_site(document.as_string()))
    for each in _tables(document):
        if (name := scene_name(each["scene"])) in scenes:
            each["scene"] = f"{FOLDER}/{serial}/{name}"
    return document.as_string()


def _take_cameras(document: TOMLDocument, pushed: str, site: SiteSettings) -> None:
    try:
        said, cameras = parse_document(pushed), decode_site(pushed).cameras
    except EdgeVadError as error:
        raise PushRefused(f"in the pushed site file, {error.what}", error.todo) from None
    _demand_same(document, said)
    for camera in cameras:
        _demand_known(camera, site.cameras)
    places = {scene_name(each.scene): each.scene for each in site.cameras}
    for each in _tables(said):
        each["scene"] = places.get(each["scene"], each["scene"])
    for key in _PUSHED:
        document.pop(key, None) if key not in said else document.update({key: said[key]})


def _demand_same(document: TOMLDocument, said: TOMLDocument) -> None:
    for key, value in said.items():
        if key not in _PUSHED and _plain(document.get(key)) != _plain(value):
            raise PushRefused(
                f"the pushed site file has another {key} than the box",
                "push cameras and false_alarms only; the rest is changed on the box",
            )


def _demand_known(camera: CameraSettings, known: tuple[CameraSettings, ...]) -> None:
    """See to it that a push leads the box to no file of its own."""
    if scene_name(camera.scene) != camera.scene:
        raise PushRefused(
            f"camera {camera.name} of the pushed site file shows a scene elsewhere",
            "name scenes without a folder",
        )
    if not any(_source(camera) == _source(each) for each in known):
        _demand_addable(camera)
    if camera.footage and not any(camera.footage == each.footage for each in known):
        raise PushRefused(
            f"camera {camera.name} of the pushed site file has other footage",
            "leave footage as it is, or out; it is changed on the box",
        )


def _demand_addable(camera: CameraSettings) -> None:
    try:
        demand_camera(camera.source or "")
    except EdgeVadError as error:
        raise PushRefused(
            f"camera {camera.name} of the pushed site file: {error.what}", error.todo
        ) from None


def _source(camera: CameraSettings) -> tuple[str | None, ...]:
    return camera.source, camera.source_env, camera.source_file


def _tables(document: Mapping[str, Any]) -> Iterator[Any]:
    yield from document["cameras"]


def _plain(value: Any) -> Any:
    return value.unwrap() if hasattr(value, "unwrap") else value
