"""Cameras that are plugged in: what Video4Linux shows, USB and CSI told apart."""

from __future__ import annotations

import fcntl
import os
import struct
from pathlib import Path

import msgspec

from edge_vad.untrusted import plain

_QUERYCAP = 0x80685600
"""VIDIOC_QUERYCAP: which driver, and what the device can do."""
_CAPABILITY = struct.Struct("=16s32s32s3I12x")
_CAPTURES, _STREAMS, _OF_THIS_NODE = 0x1 | 0x1000, 0x4000000, 0x80000000
_CSI_NAME = "vi-output"
"""How the devices of a Jetson's CSI cameras begin their names: raw pictures, which argus reads."""


class PluggedCamera(msgspec.Struct, frozen=True):
    """A camera that is plugged in.

    Attributes:
        path: Its device, such as `/dev/video0`.
        name: What it calls itself.
        readable: Whether this user may use it.
        source: What edge-vad calls it: the path, or `csi://0`.
    """

    path: str
    name: str
    readable: bool
    source: str


def find_plugged(root: Path = Path("/")) -> tuple[PluggedCamera, ...]:
    """List the cameras of this machine, in the order of their numbers.

    A camera has several devices, and codecs have some, too: only what captures is listed. Nothing
    is captured.

    Args:
        root: Where `dev` and `sys` are.
    """
    found: list[PluggedCamera] = []
    for device in sorted((root / "dev").glob("video*"), key=_number):
        facts = root / "sys/class/video4linux" / device.name
        is_readable = os.access(device, os.R_OK | os.W_OK)
        if not _captures(device, facts):
            continue
        path, name = f"/dev/{device.name}", _name(facts)
        is_csi = name.startswith(_CSI_NAME)
        number = sum(each.source.startswith("csi:") for each in found)
        source = f"csi://{number}" if is_csi else path
        found.append(PluggedCamera(path, name, is_readable, source))
    return tuple(found)


def _name(facts: Path) -> str:
    try:
        return plain((facts / "name").read_text(errors="replace")) or "unnamed"
    except OSError:
        return "unnamed"


def _captures(device: Path, facts: Path) -> bool:
    """Ask the device; one that may not be opened captures if it is the first of its camera."""
    try:
        handle = os.open(device, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return _is_first(facts)
    try:
        answer = fcntl.ioctl(handle, _QUERYCAP, bytes(_CAPABILITY.size))
    except OSError:
        return _is_first(facts)
    finally:
        os.close(handle)
    return captures(answer)


def captures(answer: bytes) -> bool:
    """Whether a device captures pictures, by its answer to VIDIOC_QUERYCAP."""
    *_, of_all, of_this = _CAPABILITY.unpack(answer)
    said = of_this if of_all & _OF_THIS_NODE else of_all
    return bool(said & _CAPTURES and said & _STREAMS)


def _is_first(facts: Path) -> bool:
    try:
        return int((facts / "index").read_text()) == 0
    except (OSError, ValueError):
        return True


def _number(path: Path) -> tuple[int, str]:
    digits = path.name.removeprefix("video")
    return (int(digits) if digits.isdigit() else 1 << 30, path.name)
