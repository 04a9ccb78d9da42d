"""The size of a picture, from its header alone: a small file may unpack to gigabytes."""

from __future__ import annotations

import struct

LARGEST_FILE = 2**27
"""Bytes of a picture's file, at most."""

_MOST_PIXELS = 2**25
"""8K, which is 7680x4320, is the largest picture that cameras give."""

_MOST_SCANS = 100
"""Of a JPEG: each goes over all of the picture."""

_SIDES, _TILES = (256, 257), (322, 323)
_NUMBERS = {3: "H", 4: "I", 16: "Q"}

Size = tuple[int, int]


def is_within_limits(data: bytes) -> bool:
    """Whether a file is a PNG, JPEG, BMP or TIFF picture of a size that cameras have."""
    try:
        sizes = _sizes(data)
    except (struct.error, IndexError):  # it ends too early
        return False
    return bool(sizes) and all(0 < width * height <= _MOST_PIXELS for width, height in sizes)


def _sizes(data: bytes) -> list[Size]:
    """Width and height, and those of its tiles; nothing where it is no such picture."""
    if data.startswith(b"\x89PNG\r\n\x1a\n") and data[12:16] == b"IHDR":
        return [struct.unpack_from(">II", data, 16)]
    if data.startswith(b"\xff\xd8"):
        return _jpeg(data)
    if data.startswith(b"BM"):
        return _bmp(data)
    if data[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return _tiff(data)
    return []


def _bmp(data: bytes) -> list[Size]:
    old = struct.unpack_from("<I", data, 14)[0] == 12
    width, height = struct.unpack_from("<HH" if old else "<ii", data, 18)
    return [(width, abs(height))] if width > 0 else []


def _jpeg(data: bytes) -> list[Size]:
    if data.count(b"\xff\xda") > _MOST_SCANS:
        return []
    at = 2
    while True:
        at = data.index(b"\xff", at) if b"\xff" in data[at : at + 65536] else len(data)
        while data[at] == 0xFF:
            at += 1
        marker, at = data[at], at + 1
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", data, at + 3)
            return [(width, height)]
        if marker == 0xDA:  # a scan of nothing
            return []
        if marker != 0 and not 0xD0 <= marker <= 0xD7 and marker != 0x01:
            at += struct.unpack_from(">H", data, at)[0]


def _tiff(data: bytes) -> list[Size]:
    order, big = "<" if data[:1] == b"I" else ">", data[2:4] in (b"+\0", b"\0+")
    at = struct.unpack_from(f"{order}{'Q' if big else 'I'}", data, 8 if big else 4)[0]
    count = struct.unpack_from(f"{order}{'Q' if big else 'H'}", data, at)[0]
    at, step, held = (at + 8, 20, 12) if big else (at + 2, 12, 8)
    found: dict[int, int] = {}
    for entry in range(at, min(at + count * step, len(data)), step):
        tag, kind = struct.unpack_from(f"{order}HH", data, entry)
        if tag in _SIDES + _TILES and kind in _NUMBERS:
            value = struct.unpack_from(f"{order}{_NUMBERS[kind]}", data, entry + held)[0]
            found[tag] = max(value, found.get(tag, 0))
    pairs = [(found.get(width, 0), found.get(height, 0)) for width, height in (_SIDES, _TILES)]
    return pairs if pairs[1] != (0, 0) else pairs[:1]
