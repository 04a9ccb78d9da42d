"""One owner of what is written over a long time, by a lock that the kernel frees."""

from __future__ import annotations

import fcntl
import logging
import os
from contextlib import suppress
from pathlib import Path

from edge_vad.errors import BadInput
from edge_vad.files.atomic import PRIVATE, make_private_folder

LOCK = ".edge-vad.lock"
_TRIES = 10
_log = logging.getLogger(__name__)


class Owner:
    """Owns a folder, or a file, until it is closed or the process ends, however that comes.

    Args:
        path: The folder, which is made when it is missing; or the file, which need not be there.
        is_file: Whether it is a file.

    Raises:
        BadInput: Another process owns it, or nothing can be written there.
    """

    def __init__(self, path: Path, *, is_file: bool = False) -> None:
        folder = path.parent if is_file else path
        self._lock = folder / (f".{path.name}.lock" if is_file else LOCK)
        self._made: list[Path] = []
        self._handle: int | None = None
        try:
            self._made = make_private_folder(folder)
            self._handle = _locked(self._lock)
        except BlockingIOError as error:
            raise BadInput(
                f"{error} writes into {path} already",
                "stop it, or choose another place: what two runs write at one is lost",
            ) from None
        except OSError as error:
            self._remove_made()
            raise BadInput(
                f"cannot write into the folder {folder} ({error.strerror})",
                "choose another folder, make this one writable, or free some space",
            ) from None

    @property
    def holds(self) -> bool:
        """Whether it is still there, and ours: not removed, moved or replaced."""
        return self._handle is not None and _is_at(self._lock, self._handle)

    def close(self) -> None:
        """Give it up; harmless when called twice."""
        if self._handle is None:
            return
        with suppress(OSError):  # while it is still ours, so that nobody else's goes
            if self.holds:
                self._lock.unlink()
        os.close(self._handle)
        self._handle = None
        self._remove_made()

    def _remove_made(self) -> None:
        """Folders that were made and in which nothing came to be."""
        for folder in reversed(self._made):
            with suppress(OSError):
                folder.rmdir()


def is_owned(folder: Path) -> bool:
    """Whether a process owns a folder just now."""
    try:
        handle = os.open(folder / LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(handle)
    return False


def _locked(path: Path) -> int:
    """Take the lock.

    Raises:
        BlockingIOError: Another process has it; the text names that.
        OSError: The file cannot be made.
    """
    for _ in range(_TRIES):
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE)
        try:
            _lock(handle)
        except BaseException:
            os.close(handle)
            raise
        if _is_at(path, handle):
            break
        os.close(handle)  # its last owner removed it just now
    with suppress(OSError):  # a full disk takes no word of who it is
        os.ftruncate(handle, 0)
        os.pwrite(handle, str(os.getpid()).encode(), 0)
    return handle


def _lock(handle: int) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        number = os.pread(handle, 20, 0).decode("ascii", "replace")
        holder = f"process {number}" if number.isdigit() else "another process"
        raise BlockingIOError(holder) from None
    except OSError as error:  # a file system without locks
        _log.warning("nothing keeps a second run out of this folder (%s)", error.strerror)


def _is_at(path: Path, handle: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(handle))
    except (FileNotFoundError, NotADirectoryError):
        return False
