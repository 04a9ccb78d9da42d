"""Where engines and their sidecars lie, and how they are written."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import msgspec

from edge_vad.device.fingerprint import DeviceFingerprint
from edge_vad.device.tensorrt import Target
from edge_vad.engine_file.sidecar import FileIdentity, Sidecar
from edge_vad.files.atomic import alone_in, staged

SUFFIX = ".engine"

_CHUNK = 2**20


def engine_path(onnx: Path, target: Target, device: DeviceFingerprint) -> Path:
    """Where the engine of a scene model for a device lies: beside it."""
    return onnx.with_name(f"{onnx.stem}.{device_name(target, device)}{SUFFIX}")


def device_name(target: Target, device: DeviceFingerprint) -> str:
    """What a target builds for, as a part of a file's name: `tensorrt-orin-nx-sm87`."""
    names = [target, f"sm{(device.compute_capability or 'unknown').replace('.', '')}"]
    model = device.jetson or device.gpu
    if target == "tensorrt" and model:
        names.insert(1, _slug(model))
    return "-".join(names)


def sidecar_path(engine: Path) -> Path:
    """Where the sidecar of an engine lies."""
    return engine.with_name(f"{engine.name}.json")


def identify(path: Path) -> FileIdentity:
    """Read a file and tell it from all others.

    Raises:
        OSError: It cannot be read.
    """
    digest = hashlib.sha256()
    size = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
    return FileIdentity(path.name, size, digest.hexdigest())


def write_engine(engine: Path, content: bytes, sidecar: Sidecar) -> None:
    """Write an engine and its sidecar, both whole or neither.

    Both are on the disk before an earlier engine is touched. Its sidecar goes first and the new one
    comes last, so what is found in between has none, and is refused. Who else writes them waits, so
    that an engine gets its own sidecar.

    Raises:
        OSError: There is no room, or no right to write.
    """
    beside = sidecar_path(engine)
    document = msgspec.json.format(msgspec.json.encode(sidecar), indent=1)
    with (
        staged(engine, content) as new_engine,
        staged(beside, document) as new_sidecar,
        alone_in(engine.parent),
    ):
        beside.unlink(missing_ok=True)
        new_engine.replace(engine)
        new_sidecar.replace(beside)


def _slug(name: str) -> str:
    """A device's name as a part of a file's name."""
    short = re.sub(r"NVIDIA|GeForce|Developer Kit|Engineering Reference", " ", name)
    return re.sub(r"[^a-z0-9]+", "-", short.lower()).strip("-") or "gpu"
