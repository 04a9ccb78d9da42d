"""Folders that may be full, and databases that may be damaged."""

from __future__ import annotations

import errno
import logging
import sqlite3
import time
from pathlib import Path

from edge_vad.errors import BadInput
from edge_vad.files.atomic import make_private_folder

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_log = logging.getLogger(__name__)


def is_full(error: Exception) -> bool:
    """Whether an error says that the disk is full."""
    if isinstance(error, OSError):
        return error.errno in _FULL
    return "disk is full" in str(error)


def make_folder(folder: Path) -> None:
    """Make a private folder and its parents; where the disk is full, that is left for later.

    Raises:
        BadInput: It cannot be made for another reason.
    """
    try:
        make_private_folder(folder)
    except OSError as error:
        if not is_full(error):
            raise BadInput(
                f"cannot write into the folder {folder} ({error.strerror})",
                "choose another folder for the sinks, or make this one writable",
            ) from None


def is_damaged(error: sqlite3.Error | OSError) -> bool:
    """Whether an error says that a file is no whole database."""
    words = ("malformed", "not a database")
    return isinstance(error, sqlite3.DatabaseError) and any(each in str(error) for each in words)


def set_aside(database: Path) -> None:
    """Keep a damaged database under another name, so that a new one can begin in its place."""
    aside = f"{database.name}.broken-{int(time.time())}"
    _log.error("%s is damaged; it is kept as %s", database.name, aside)
    for ending in ("", "-wal", "-shm"):
        path = database.with_name(database.name + ending)
        if path.exists():
            path.rename(database.with_name(aside + ending))
