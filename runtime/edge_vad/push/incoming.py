"""A push as it arrives: its files, one after the other, held to the sizes and digests signed."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from edge_vad.files.atomic import PRIVATE
from edge_vad.push.manifest import PushedFile
from edge_vad.sinks.pushes import AlteredPush, IncompletePush, PushRefused

_SPARE = 2**24
"""Bytes that must stay free on the disk, for events."""


def demand_room(folder: Path, size: int) -> None:
    """See to it that a push leaves the disk room.

    Args:
        folder: It goes to.
        size: Bytes of it.

    Raises:
        PushRefused: It does not.
    """
    if shutil.disk_usage(folder).free < size + _SPARE:
        raise PushRefused("the box's disk is too full for this push", "free some space on the box")


class IncomingFiles:
    """Writes the files of a push into a folder of their own; nothing in the bytes names a path.

    Args:
        folder: An empty folder, of this process alone.
        files: What comes, in order.
    """

    def __init__(self, folder: Path, files: Sequence[PushedFile]) -> None:
        self._folder, self._waiting = folder, list(files)
        self._open: _OpenFile | None = None

    def take(self, chunk: bytes) -> None:
        """Take the next bytes.

        Raises:
            AlteredPush: A file is not what was signed.
            IncompletePush: More comes than was signed.
            OSError: The disk does not take it.
        """
        rest = memoryview(chunk)
        while rest:
            if self._open is None:
                if not self._waiting:
                    raise IncompletePush(
                        "more came than was signed", "push again; a proxy may have altered it"
                    )
                self._open = _OpenFile(self._folder, self._waiting.pop(0))
            rest = self._open.take(rest)
            if self._open.is_whole:
                self._open.finish()
                self._open = None

    def finish(self) -> None:
        """All has come.

        Raises:
            IncompletePush: It is not all.
        """
        if self._open is not None or self._waiting:
            raise IncompletePush("the upload ended before all had come", "push again")
        descriptor = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def close(self) -> None:
        """Close what is open."""
        if self._open is not None:
            self._open.close()
            self._open = None


class _OpenFile:
    def __init__(self, folder: Path, file: PushedFile) -> None:
        self._file, self._left, self._hash = file, file.size, hashlib.sha256()
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        self._handle: int | None = os.open(folder / file.name, flags, PRIVATE)

    @property
    def is_whole(self) -> bool:
        return self._left == 0

    def take(self, chunk: memoryview) -> memoryview:
        """Write what is of this file; returns what is not."""
        ours, rest = chunk[: self._left], chunk[self._left :]
        self._hash.update(ours)
        self._left -= len(ours)
        while ours:
            ours = ours[os.write(self._descriptor(), ours) :]
        return rest

    def finish(self) -> None:
        os.fsync(self._descriptor())
        self.close()
        if self._hash.hexdigest() != self._file.sha256:
            raise AlteredPush(
                f"{self._file.name} is not the file that was signed",
                "push again; where it stays so, somebody or something alters what you send",
            )

    def close(self) -> None:
        handle, self._handle = self._handle, None
        if handle is not None:
            with suppress(OSError):
                os.close(handle)

    def _descriptor(self) -> int:
        assert self._handle is not None  # noqa: S101 - it is not closed yet
        return self._handle
