"""Bounds on a trained scene's file, before anything is built of it; it may come from elsewhere."""

from __future__ import annotations

import stat
import struct
from pathlib import Path

import msgspec

from edge_vad.untrusted import refuse_wild_numbers

LARGEST_FILE = 2**29
_LARGEST_HEADER = 2**25
_MOST = {
    "latent": 64,
    "components": 256,
    "lights": 16,
    "channels": 1024,
    "kernel": 64,
    "stride": 64,
}
"""What a network may have of these, at most; two networks would fill the memory with more."""
_MOST_ELSE = 2**16
_LONGEST_LIST = 64


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


def check_design(text: str) -> None:
    """See to it that a network's design, a JSON document, has sizes that can be built.

    Raises:
        ValueError: It has not, or is no JSON.
    """
    refuse_wild_numbers(text)
    waiting = [("", msgspec.json.decode(text))]
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, dict):
            waiting += [(name if name in _MOST else key, each) for key, each in value.items()]
        elif isinstance(value, list):
            if len(value) > _LONGEST_LIST:
                raise ValueError(f"its {name} are too many")
            waiting += [(name, each) for each in value]
        elif isinstance(value, int) and not 0 < value <= _MOST.get(name, _MOST_ELSE):
            raise ValueError(f"its {name} of {value} cannot be")
