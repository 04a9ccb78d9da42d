"""The file of the journal: a JSON document a line, on the disk before any sink gets it."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec

from edge_vad.events import ChangeKind, EventChange, JournalPosition, LiveEvent
from edge_vad.files.atomic import PRIVATE, make_private_file, make_private_folder, write_whole

NAME = "events.journal"
_LARGEST = 64_000_000
"""Bytes; no more is written, and no more is read."""


class _Head(msgspec.Struct, frozen=True):
    """The first line.

    Attributes:
        journal: Tells this journal from others.
        after: Changes of higher numbers follow.
    """

    journal: str
    after: int


class _Line(msgspec.Struct, frozen=True):
    """A change."""

    number: int
    kind: ChangeKind
    event: LiveEvent


class JournalFile:
    """Changes of events, each with a number; belongs to whoever owns the folder.

    Args:
        folder: Where it lies.

    Attributes:
        size: Bytes of it that are whole.
    """

    def __init__(self, folder: Path) -> None:
        self.size = 0
        self._path = folder / NAME
        self._id, self._number = secrets.token_hex(8), 0
        self._handle: int | None = None

    def read(self) -> list[EventChange]:
        """The changes that an earlier run has left, oldest first; none where there is no such file.

        What a kill has torn is passed over, and written over later.
        """
        try:
            with self._path.open("rb") as file:
                lines = file.read(_LARGEST).splitlines(keepends=True)
            head = msgspec.json.decode(lines[0], type=_Head)
        except (OSError, IndexError, ValueError):
            return []
        self._id, self._number, self.size = head.journal, head.after, len(lines[0])
        changes = []
        for line in lines[1:]:
            try:
                read = msgspec.json.decode(line, type=_Line)
            except ValueError:
                break
            self._number = max(self._number, read.number)
            self.size += len(line)
            changes.append(
                EventChange(read.kind, read.event, position=JournalPosition(self._id, read.number))
            )
        return changes

    def append(self, changes: Sequence[EventChange]) -> list[EventChange]:
        """Write changes, so that a kill or a power cut leaves them; returns them with their marks.

        Raises:
            OSError: There is no room, or no right to; then the file is as it was.
        """
        handle = self._opened()
        marked = [
            replace(each, position=JournalPosition(self._id, number))
            for number, each in enumerate(changes, self._number + 1)
        ]
        content = b"".join(map(_encoded, marked))
        if self.size + len(content) > _LARGEST:
            raise OSError(errno.EFBIG, "the journal is full")
        self._write(handle, content)
        self._number += len(marked)
        return marked

    def rewrite(self, changes: Iterable[EventChange]) -> None:
        """Begin the file anew with these changes of it alone; whole or not at all.

        Raises:
            OSError: There is no room, or no right to.
        """
        content = b"".join([self._head(), *map(_encoded, changes)])
        write_whole(self._path, content, PRIVATE)
        self.close()
        self.size = len(content)

    def remove(self) -> None:
        """Remove it, as all that was in it is elsewhere.

        Raises:
            OSError: There is no right to.
        """
        self.close()
        self._path.unlink(missing_ok=True)

    def close(self) -> None:
        """Close the file."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def _opened(self) -> int:
        if self._handle is None:
            make_private_folder(self._path.parent)
            make_private_file(self._path)
            self._handle = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        if not self.size:
            self._write(self._handle, self._head())
        return self._handle

    def _write(self, handle: int, content: bytes) -> None:
        """Write all or nothing after what is whole."""
        os.ftruncate(handle, self.size)
        view = memoryview(content)
        while view:
            view = view[os.write(handle, view) :]
        os.fdatasync(handle)
        self.size += len(content)

    def _head(self) -> bytes:
        return msgspec.json.encode(_Head(self._id, self._number)) + b"\n"


def _encoded(change: EventChange) -> bytes:
    number = change.position.number if change.position else 0
    return msgspec.json.encode(_Line(number, change.kind, change.event)) + b"\n"
