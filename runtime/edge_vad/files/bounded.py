"""Reads files that users name: never without end, and never for ever."""

from __future__ import annotations

import errno
import os
import stat
import time
from io import FileIO
from pathlib import Path
from select import select

_CHUNK = 2**20
_PATIENCE_S = 5.0


def read_bounded(path: str | Path, most: int) -> bytes:
    """Read a plain file, or what another program writes into a pipe, as `<(pass show camera)` does.

    Args:
        path: The file.
        most: Bytes that it may have.

    Raises:
        OSError: It cannot be read, is a device, or is larger; `strerror` says which.
    """
    if not _may_be_read(Path(path).stat().st_mode):  # some devices act as soon as they are opened
        raise _refusal(path, errno.EINVAL, "it is no plain file")
    # A pipe that nobody writes into would hold up its opening.
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    with open(handle, "rb", buffering=0) as file:  # noqa: PTH123 - it is open already
        if not _may_be_read(os.fstat(handle).st_mode):
            raise _refusal(path, errno.EINVAL, "it is no plain file")
        content = _read(file, most, path)
    if len(content) > most:
        raise _refusal(path, errno.EFBIG, f"it is larger than {format_size(most)}")
    return content


def read_text(path: str | Path, most: int) -> str:
    """Read a text, without the byte order mark that some editors write; see `read_bounded`.

    Raises:
        OSError: As there, or it is no UTF-8.
    """
    try:
        return read_bounded(path, most).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _refusal(path, errno.EILSEQ, "it is not UTF-8 text: save it as such") from None


def reason_of(error: OSError | ValueError) -> str:
    """Why a file could not be read, in words."""
    return error.strerror or "no reason is known" if isinstance(error, OSError) else "it is no path"


def format_size(size: int) -> str:
    """A size in words, such as `64 kB`."""
    return f"{size // 2**20} MB" if size >= 2**20 else f"{size // 2**10} kB"


def _may_be_read(mode: int) -> bool:
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, "it is a folder")
    return stat.S_ISREG(mode) or stat.S_ISFIFO(mode)


def _read(file: FileIO, most: int, path: str | Path) -> bytes:
    """Read until the end, or one chunk beyond what is allowed."""
    content, until = bytearray(), time.monotonic() + _PATIENCE_S
    while len(content) <= most:
        wanted = min(_CHUNK, most + 1 - len(content))
        # Waiting alone would not tell the end of a pipe whose writer had left before it was opened.
        chunk = file.read(wanted) if content else None
        if chunk is None:
            if not select([file], [], [], max(0.0, until - time.monotonic()))[0]:
                raise _refusal(path, errno.ETIMEDOUT, "nothing comes out of it")
            chunk = file.read(wanted)
        if not chunk:
            break
        content += chunk
    return bytes(content)


def _refusal(path: str | Path, number: int, why: str) -> OSError:
    return OSError(number, why, str(path))
