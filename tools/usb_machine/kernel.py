"""Debian's kernel and busybox from their packages, unpacked and not installed."""

from __future__ import annotations

import lzma
import platform
import re
import struct
import subprocess
from pathlib import Path

_PAYLOAD_PLACE, _SETUP_SECTORS, _SECTOR = 0x248, 0x1F1, 512
_XZ = b"\xfd7zXZ\0"


class Missing(Exception):
    """This machine has no such packages."""


def unpack(cache: Path) -> Path:
    """Download and unpack the newest kernel of this Debian, unless it is there.

    Args:
        cache: Where it is kept, 400 MB.

    Returns:
        The folder with `boot`, `lib/modules` and `bin/busybox` of one kernel.

    Raises:
        Missing: This is no Debian for x86-64, or the packages cannot be had.
    """
    if platform.machine() != "x86_64":
        raise Missing("the machine inside is an x86-64, and so must be the one outside")
    told = _run("apt-cache", "depends", "linux-image-amd64")
    found = re.search(r"Depends: (linux-image-\S+)", told)
    if found is None:
        raise Missing("no package linux-image-amd64: run apt-get update; it is Debian's")
    folder = cache / found[1]
    if not (folder / "whole").exists():
        folder.mkdir(parents=True, exist_ok=True)
        for package in (found[1], "busybox-static"):
            _run("apt-get", "download", "-q", package, folder=folder)
        for file in folder.glob("*.deb"):
            _run("dpkg-deb", "-x", str(file), str(folder))
            file.unlink()
        (folder / "whole").touch()
    return folder


def _run(*command: str, folder: Path | None = None) -> str:
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    except FileNotFoundError:
        raise Missing(f"no {command[0]}: this is no Debian") from None
    except subprocess.CalledProcessError as error:
        raise Missing(f"{' '.join(command)}: {error.stderr.strip()}") from None
    return done.stdout


def bare_kernel(image: bytes) -> bytes:
    """The kernel itself, which spares the machine inside to decompress it; or as it is."""
    place, length = struct.unpack_from("<II", image, _PAYLOAD_PLACE)
    begin = (image[_SETUP_SECTORS] + 1) * _SECTOR + place
    if not image[begin:].startswith(_XZ):
        return image
    return lzma.LZMADecompressor().decompress(image[begin : begin + length])


class Modules:
    """The modules of a kernel, by their names.

    Args:
        folder: `lib/modules`.
    """

    def __init__(self, folder: Path) -> None:
        files = [*folder.rglob("*.ko"), *folder.rglob("*.ko.xz")]
        self._files = {_plain(file.name.partition(".")[0]): file for file in files}

    def in_order(self, *wanted: str) -> dict[str, bytes]:
        """Modules with all that they need before them; what is built in is left out."""
        found: dict[str, bytes] = {}
        for name in wanted:
            if name not in self._files or name in found:
                continue
            content = self._read(name)
            needs = re.search(rb"\0depends=([a-z0-9_,-]*)\0", content)
            before = _plain(needs[1].decode()).split(",") if needs else []
            found = {**found, **self.in_order(*before), name: content}
        return found

    def _read(self, name: str) -> bytes:
        content = self._files[name].read_bytes()
        return lzma.decompress(content) if self._files[name].suffix == ".xz" else content


def _plain(name: str) -> str:
    return name.replace("-", "_")
