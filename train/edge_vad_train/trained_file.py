"""Bounds on a trained scene's file, before anything is built of it; it may come from elsewhere."""

from __future__ import annotations

import stat
import struct
from pathlib import Path

LARGEST_FILE = 2**29
_LARGEST_HEADER = 2**25


def check_file(path: Path) -> None:
    """See to it that a file in the safetensors format is plain, whole and of a bearable size.

    Raises:
        OSError: It cannot be read.
        ValueError: It is not.
    """
    found = path.stat()
    if not stat.S_ISREG(found.st_mode) or found.st_size > LARGEST_FILE:
        raise ValueError("it is no plain file, or too large")
    with path.open("rb") as file:
        start = file.read(8)
    if len(start) < 8 or struct.unpack("<Q", start)[0] > min(_LARGEST_HEADER, found.st_size - 8):
        raise ValueError("its header is cut short, or too large")
