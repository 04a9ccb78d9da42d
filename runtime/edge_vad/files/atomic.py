"""Files that are found whole or not at all, whoever else writes the same ones."""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PRIVATE = 0o600
"""Mode of a file that nobody but its owner may read, as footage and events are."""
_ANYBODY = 0o666
"""Mode of a file that the user's umask decides on, as scenes and reports are."""


class _Process:
    """The umask of this process's user, while `kept_to_owner` has put it aside."""

    umask: int | None = None


@contextmanager
def kept_to_owner() -> Iterator[None]:
    """Whatever this process writes meanwhile is its owner's alone, whichever library writes it.

    What is for others, too, is opened to them when it is whole: see `write_whole`.
    """
    _Process.umask = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(_Process.umask)
        _Process.umask = None


def usual_umask() -> int:
    """The umask of this process's user, whether it is put aside or not."""
    if _Process.umask is not None:
        return _Process.umask
    umask = os.umask(0o077)
    os.umask(umask)
    return umask


def keep_to_owner(umask: int) -> None:
    """The same for all the rest of this process.

    Args:
        umask: That of the user.
    """
    os.umask(0o077)
    _Process.umask = umask


@contextmanager
def staged(path: Path, content: bytes, mode: int = _ANYBODY) -> Iterator[Path]:
    """Put content on the disk beside a file, under a name of its own.

    Args:
        path: The file that it is to become.
        content: All of it.
        mode: Who may read it, less what the umask takes.

    Yields:
        Where the content is, to be moved to `path`; removed at the end when it is still there.

    Raises:
        OSError: There is no room, or no right to write.
    """
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        with os.fdopen(os.open(beside, flags, mode), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            if _Process.umask is not None:
                os.fchmod(file.fileno(), mode & ~_Process.umask)
        yield beside
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


def write_whole(path: Path, content: bytes, mode: int = _ANYBODY) -> None:
    """Write a file, whole or not at all; an earlier one stays until then.

    Raises:
        OSError: There is no room, or no right to write.
    """
    with staged(path, content, mode) as beside:
        beside.replace(path)


def make_private_folder(folder: Path) -> list[Path]:
    """Make a folder and its parents, for their owner alone; those that are there stay as they are.

    Returns:
        The folders that were made, outermost first.

    Raises:
        OSError: There is no room, or no right to.
    """
    made = [each for each in (folder, *folder.parents) if not each.exists()][::-1]
    for each in made:
        each.mkdir(mode=0o700, exist_ok=True)
    folder.mkdir(exist_ok=True)  # says so where a file has the name
    return made


def make_private_file(path: Path) -> None:
    """Make a file for its owner alone, or make one that is there so; what it holds stays.

    It is not opened where it is there: closing a database's file drops the locks of the whole
    process.

    Raises:
        OSError: There is no room, or no right to.
    """
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE))
    except FileExistsError:
        if path.stat().st_mode & 0o077:
            path.chmod(PRIVATE)


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
