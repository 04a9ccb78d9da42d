"""What may be changed of a site while it runs: the same for the page and whoever else asks."""

from __future__ import annotations

from typing import Annotated, Protocol, Union

import msgspec
from msgspec import UNSET, UnsetType

from edge_vad.alarms.settings import MOST_ZONES, ZoneSettings
from edge_vad.errors import EdgeVadError
from edge_vad.preprocessing.regions import Polygons

_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
_Text = Annotated[str, msgspec.Meta(min_length=1, max_length=1024)]
_Rate = Annotated[str, msgspec.Meta(max_length=64)]
_Zones = Annotated[tuple[ZoneSettings, ...], msgspec.Meta(max_length=MOST_ZONES)]


class EditConflict(EdgeVadError):
    """The site file is not what the editor saw."""

    code = "refused-request"

    def __init__(self) -> None:
        super().__init__("the site file was changed by someone else", "load it again, and repeat")


class AddCamera(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Watch another camera.

    Attributes:
        name: Its name.
        source: Its address: RTSP, HTTP, USB or CSI.
        scene: One of the scenes that `EditableSite` lists.
        false_alarms: Alarms one accepts on normal footage; None: as the scene's footage allows.
    """

    name: _Name
    source: _Text
    scene: _Text
    false_alarms: _Rate | None = None


class ChangeCamera(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Change a camera; what is left out stays.

    Attributes:
        name: Its new name.
        false_alarms: Alarms one accepts; None: as the scene's footage allows.
        ignore: Regions in which nothing counts, px of the camera's frames.
        zones: Parts of the picture that decide by themselves.
    """

    name: _Name | UnsetType = UNSET
    false_alarms: _Rate | UnsetType | None = UNSET
    ignore: Polygons | UnsetType = UNSET
    zones: _Zones | UnsetType = UNSET


class RemoveCamera(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Watch a camera no more; its events stay."""


Edit = Union[AddCamera, ChangeCamera, RemoveCamera]  # noqa: UP007 - read at run time


class EditableCamera(msgspec.Struct, frozen=True, kw_only=True):
    """A camera, as far as it can be changed; never its source.

    Attributes:
        name: Its name.
        scene: Its scene model.
        false_alarms: Alarms that are accepted, as the file says; None where it does not.
        ignore: Regions in which nothing counts, px of the camera's frames.
        zones: Parts of the picture that decide by themselves.
    """

    name: str
    scene: str
    false_alarms: str | None
    ignore: Polygons
    zones: tuple[ZoneSettings, ...]


class EditableSite(msgspec.Struct, frozen=True, kw_only=True):
    """What the site file says, as far as it can be changed.

    Attributes:
        digest: Of the file; a change says which one it is a change of.
        cameras: The cameras.
        scenes: Scene models that a camera may be added with.
        false_alarms: Alarms that all cameras together accept; None where the file does not say.
    """

    digest: str
    cameras: tuple[EditableCamera, ...]
    scenes: tuple[str, ...]
    false_alarms: str | None = None


class SiteEditor(Protocol):
    """Who changes the site, from any thread."""

    def read(self) -> EditableSite:
        """What the file says now.

        Raises:
            BadInput: It cannot be read, or somebody has broken it.
        """

    def change(self, digest: str, camera: str, edit: Edit) -> EditableSite:
        """Change the file, and what is watched.

        Args:
            digest: Of the file that is to be changed.
            camera: The camera's name; of one to add it is not asked for.
            edit: The change.

        Raises:
            EditConflict: The file is another one by now.
            EdgeVadError: The site could not be watched so; nothing is changed then.
        """
