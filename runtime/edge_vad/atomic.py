"""Files that are found whole or not at all, whoever else writes the same ones."""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def staged(path: Path, content: bytes) -> Iterator[Path]:
    """Put content on the disk beside a file, under a name of its own.

    Args:
        path: The file that it is to become.
        content: All of it.

    Yields:
        Where the content is, to be moved to `path`; removed at the end when it is still there.

    Raises:
        OSError: There is no room, or no right to write.
    """
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
    try:
        with beside.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        yield beside
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file, whole or not at all; an earlier one stays until then.

    Raises:
        OSError: There is no room, or no right to write.
    """
    with staged(path, content) as beside:
        beside.replace(path)


def demand_writable(folder: Path) -> None:
    """See to it that files can be made in a folder, before long work is done for them.

    Raises:
        OSError: They cannot.
    """
    with staged(folder / "probe", b""):
        pass


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Wait until no other process is in such a block for the same folder.

    The lock is the system's and goes with the process; where a file system knows no locks, one does
    without.
    """
    handle = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
