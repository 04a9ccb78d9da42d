"""Tells one source from all others, without reading all of it."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import NamedTuple

from edge_vad.errors import WrongUse
from edge_vad.sources.addresses.address import CameraSpec
from edge_vad.sources.addresses.spec import RecordingSpec, StreetSpec, parse_spec
from edge_vad.sources.connecting import open_recording

_BLOCKS, _BLOCK_BYTES = 8, 2**20
"""Of a large file so many blocks are read, the first and the last among them."""


class SourceIdentity(NamedTuple):
    """A source of an archive.

    Attributes:
        name: Safe as a folder name.
        digest: Hexadecimal; another one for another source, range or option.
        size: Bytes of its files; 0 where it has none.
    """

    name: str
    digest: str
    size: int


def identify(text: str) -> SourceIdentity:
    """Tell a recording from all others: by its bytes, its range and its options.

    Of files over 8 MB eight blocks are read and the size is taken; times and paths do not count, so
    that a copy of an archive is the same archive.

    Raises:
        WrongUse: It is no source, or one that has no end.
        OSError: It cannot be read.
    """
    spec = parse_spec(text)
    if isinstance(spec, CameraSpec) or (isinstance(spec, RecordingSpec) and spec.realtime):
        raise WrongUse(
            "an archive is made of recordings, and a camera has no end",
            "give video files or folders of frames; edge-vad run watches cameras",
        )
    if isinstance(spec, StreetSpec):
        with open_recording(spec) as street:
            return SourceIdentity(street.name, hashlib.sha256(spec.url.encode()).hexdigest(), 0)
    digest = hashlib.sha256()
    options = (spec.frames.start, spec.frames.stop, spec.fps, spec.decode, spec.size)
    part = () if spec.part is None else (str(spec.part),)
    digest.update(repr((*options, *part)).encode())
    size = sum(_add(digest, file, name) for name, file in _files(spec.path))
    return SourceIdentity(spec.name, digest.hexdigest(), size)


def _files(path: Path) -> list[tuple[str, Path]]:
    """The files of a recording; of a folder with their names, whose order is that of the frames."""
    if not path.is_dir():
        return [("", path)]
    files = (each for each in path.rglob("*") if each.is_file())
    return sorted((each.relative_to(path).as_posix(), each) for each in files)


def _add(digest: hashlib._Hash, path: Path, name: str) -> int:
    """Add a file to a digest; returns its bytes."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        digest.update(f"{name}\0{size}\0".encode(errors="surrogateescape"))
        if size <= _BLOCKS * _BLOCK_BYTES:
            digest.update(file.read())
            return size
        for block in range(_BLOCKS):
            file.seek((size - _BLOCK_BYTES) * block // (_BLOCKS - 1))
            digest.update(file.read(_BLOCK_BYTES))
    return size
