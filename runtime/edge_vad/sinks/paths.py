"""Where sinks write, and whether they can, before anything is watched."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from edge_vad.errors import BadInput
from edge_vad.files.atomic import demand_writable
from edge_vad.sinks.disk import is_full
from edge_vad.sinks.settings import SinkSettings
from edge_vad.sinks.store.media import MEDIA
from edge_vad.sinks.store.schema import DATABASE

STANDARD_OUTPUT = "-"
SPOOL, VIDEO = "spool", "video"


def spool_of(folder: Path, sink: str) -> Path:
    """The file in which messages of a sink wait."""
    return folder / SPOOL / f"{sink}.sqlite"


def notify_spool_of(folder: Path, name: str) -> Path:
    """The file in which messages for people wait; the name is that of their service."""
    return spool_of(folder, f"notify-{name}")


def lines_of(settings: SinkSettings, folder: Path) -> Path | None:
    """The file of JSON lines, if there is to be one."""
    jsonl = settings.jsonl
    return None if jsonl is None or jsonl.path == STANDARD_OUTPUT else folder / jsonl.path


def writes(settings: SinkSettings) -> bool:
    """Whether anything is to be written into the sinks' folder."""
    has_lines = settings.jsonl is not None and settings.jsonl.path != STANDARD_OUTPUT
    return has_lines or any(
        each is not None
        for each in (
            settings.store,
            settings.clips,
            settings.video,
            settings.mqtt,
            settings.webhook,
            *settings.notify,
        )
    )


def demand_writable_paths(settings: SinkSettings, folder: Path) -> None:
    """See to it that all sinks can write. A disk that is full is theirs to tell, and may be freed.

    Raises:
        BadInput: A folder or file is not writable, or is none.
    """
    for place in _folders(settings, folder):
        if place.exists():
            _demand(demand_writable, place)
    for file in _files(settings, folder):
        if file.exists():
            _demand(_demand_file, file)


def _demand(check: Callable[[Path], None], place: Path) -> None:
    try:
        check(place)
    except OSError as error:
        if not is_full(error):
            raise BadInput(
                f"cannot write into {place} ({error.strerror})",
                "make it writable for this user, or choose another folder for the sinks",
            ) from None


def _folders(settings: SinkSettings, folder: Path) -> Iterator[Path]:
    yield folder
    if settings.store or settings.clips:
        yield folder / MEDIA
    if settings.video:
        yield folder / VIDEO
    if settings.mqtt or settings.webhook or settings.notify:
        yield folder / SPOOL
    if lines := lines_of(settings, folder):
        yield lines.parent


def _files(settings: SinkSettings, folder: Path) -> Iterator[Path]:
    if settings.store:
        yield folder / DATABASE
    if settings.mqtt:
        yield spool_of(folder, "mqtt")
    if settings.webhook:
        yield spool_of(folder, "webhook")
    for each in settings.notify:
        yield notify_spool_of(folder, each.name)
    if lines := lines_of(settings, folder):
        yield lines


def _demand_file(file: Path) -> None:
    """It is not opened: closing a database's file drops the locks of the whole process."""
    if not file.is_file():
        raise OSError(errno.EISDIR, "it is no file")
    if not os.access(file, os.R_OK | os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
