"""Which cameras are recorded, under which names, and into which folders."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from edge_vad.discovery.onvif import is_onvif
from edge_vad.errors import BadInput, EdgeVadError, WrongUse
from edge_vad.site.settings import NAME_PATTERN, CameraSettings, SiteSettings
from edge_vad.site.sources import source_of
from edge_vad.sources.addresses.spec import StreetSpec, parse_spec
from edge_vad.sources.connecting import LiveSpec
from edge_vad.untrusted import shorten

_NAMED = re.compile(r"([A-Za-z0-9_-]{1,64})=(.+)", re.DOTALL)
_LONGEST_NAME = 64
_TIMEOUT_S = 5.0


@dataclass(frozen=True)
class RecordPlan:
    """A camera, and where its footage goes.

    Attributes:
        name: Its name; unique.
        source: Where its pictures come from.
        folder: Of its footage alone.
        timeout_s: How long it may take to answer, and to send the next frame.
    """

    name: str
    source: LiveSpec
    folder: Path
    timeout_s: float = _TIMEOUT_S


def plan_sources(sources: Sequence[str], out: Path) -> list[RecordPlan]:
    """Plan to record what was named on the command line, each into a folder of its own.

    Args:
        sources: Addresses as `edge_vad.sources.open_source` takes them, or `NAME=ADDRESS`.
        out: Where the folders are.

    Raises:
        WrongUse: One is no source, or two would have one name.
    """
    plans: list[RecordPlan] = []
    for text in sources:
        name, source = _named(text)
        if name in {plan.name for plan in plans}:
            raise WrongUse(
                f"two sources would be called {name}", "name them, as in gate=rtsp://host/stream"
            )
        plans.append(RecordPlan(name, source, out / name))
    return plans


def plan_site(site: SiteSettings, folder: Path, names: Sequence[str] = ()) -> list[RecordPlan]:
    """Plan to record cameras of a site, each into the first place of its `footage`.

    Args:
        site: What the site file says.
        folder: What its paths are relative to.
        names: Which cameras; all when empty.

    Raises:
        WrongUse: There is no such camera, or it says no folder for its footage.
        BadInput: Its source cannot be read.
    """
    return [_plan(camera, folder) for camera in cameras_of(site, names)]


def cameras_of(site: SiteSettings, names: Sequence[str]) -> list[CameraSettings]:
    """The cameras of these names; all when there are none.

    Raises:
        WrongUse: There is no such camera.
    """
    known = {camera.name: camera for camera in site.cameras}
    for name in names:
        if name not in known:
            raise WrongUse(f"there is no camera {name!r}", f"use {', '.join(known)}")
    return [known[name] for name in dict.fromkeys(names)] or list(site.cameras)


def _plan(camera: CameraSettings, folder: Path) -> RecordPlan:
    if not camera.footage:
        raise WrongUse(
            f"camera {camera.name} says no place for its footage",
            f'add footage = ["footage/{camera.name}"] to it',
        )
    place = folder / camera.footage[0]
    if place.exists() and not place.is_dir():
        raise BadInput(
            f"the footage of camera {camera.name} begins with a file",
            "let its first place be a folder, which is recorded into",
        )
    try:
        source = source_of(camera, folder)
    except EdgeVadError as error:
        raise type(error)(f"camera {camera.name}: {error.what}", error.todo) from None
    return RecordPlan(camera.name, source, place, camera.timeout_s)


def split_name(text: str) -> tuple[str | None, str]:
    """Name and address of `NAME=ADDRESS`; what is on the disk is a path, whatever it looks like.

    Example:
        >>> split_name("gate=rtsp://host/live?a=b"), split_name("rtsp://host/live?a=b")
        (('gate', 'rtsp://host/live?a=b'), (None, 'rtsp://host/live?a=b'))
    """
    match = None if Path(text).exists() else _NAMED.fullmatch(text)
    return (match[1], match[2]) if match else (None, text)


def named_camera(text: str) -> tuple[str, str]:
    """Name and address of a camera to be, written `NAME=ADDRESS` or without a name.

    Raises:
        WrongUse: It is no source, or no camera may be called so.
    """
    name, address = split_name(text)
    return demand_name(name or _usual_name(address)), address


def demand_name(name: str) -> str:
    """A name that a camera of a site may have.

    Raises:
        WrongUse: It is none.
    """
    if not NAME_PATTERN.fullmatch(name):
        raise WrongUse(
            f"{shorten(name)!r} is no name of a camera",
            "use letters, digits, _ and -: gate=/dev/video0",
        )
    return name


def _usual_name(address: str) -> str:
    """A name for a camera in a site file, made of its address."""
    if is_onvif(address):
        said = f"onvif_{urlsplit(address).hostname}"
    else:
        source = parse_spec(address)
        said = "street" if isinstance(source, StreetSpec) else source.name
    return re.sub(r"[^A-Za-z0-9_-]+", "_", said)[:_LONGEST_NAME]


def _named(text: str) -> tuple[str, LiveSpec]:
    name, address = split_name(text)
    source = parse_spec(address)
    return name or ("street" if isinstance(source, StreetSpec) else source.name), source
