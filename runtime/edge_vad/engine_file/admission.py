"""Which engines are let in: whole ones, built for this device from this scene model."""

from __future__ import annotations

import hashlib
import os
import shlex
from pathlib import Path

import msgspec

from edge_vad.device.fingerprint import DeviceFingerprint
from edge_vad.device.tensorrt import Target
from edge_vad.engine_file.files import identify, sidecar_path
from edge_vad.engine_file.sidecar import (
    SCHEMA,
    BatchProfile,
    Count,
    EngineOptions,
    FileIdentity,
    Sidecar,
)
from edge_vad.errors import BadModel
from edge_vad.files.bounded import read_bounded

_LARGEST_SIDECAR = 16 * 2**20
_BUILD = "edge-vad export SCENE.onnx --engine"
_FIELD_NAMES = {
    "gpu": "the GPU",
    "compute_capability": "the compute capability",
    "driver": "the NVIDIA driver",
    "cuda": "CUDA",
    "tensorrt": "TensorRT",
    "tensorrt_rtx": "TensorRT-RTX",
    "jetson": "the Jetson",
    "l4t": "Jetson Linux",
}


def relevant(target: Target, device: DeviceFingerprint) -> DeviceFingerprint:
    """The part of a fingerprint that an engine of this target depends on.

    TensorRT compiles for one GPU and all that runs it. TensorRT-RTX compiles for a compute
    capability and finishes the work on the device, whatever its driver.
    """
    if target == "tensorrt":
        return msgspec.structs.replace(device, tensorrt_rtx=None)
    return DeviceFingerprint(
        compute_capability=device.compute_capability, tensorrt_rtx=device.tensorrt_rtx
    )


def differences(expected: DeviceFingerprint, here: DeviceFingerprint) -> list[str]:
    """Name what differs between the device that an engine was built for and another."""
    found = []
    for field, name in _FIELD_NAMES.items():
        then, now = getattr(expected, field), getattr(here, field)
        if then is not None and then != now:
            found.append(f"{name} was {then} and is {now or 'absent'}")
    return found


def read_sidecar(engine: Path) -> Sidecar:
    """Read the sidecar of an engine.

    Raises:
        BadModel: The engine or its sidecar is missing, too new or broken.
    """
    path = sidecar_path(engine)
    if not engine.is_file():
        raise BadModel(
            f"{engine} is not there", "build it with edge-vad export SCENE.onnx --engine"
        )
    try:
        text = read_bounded(path, _LARGEST_SIDECAR)
        schema = msgspec.json.decode(text, type=_SchemaOnly).schema
        if schema > SCHEMA:
            raise ValueError(f"it has schema {schema}, and this version reads up to {SCHEMA}")
        return msgspec.json.decode(text, type=Sidecar)
    except (OSError, ValueError, RecursionError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise BadModel(
            f"the sidecar {path} cannot be read ({reason}), so nothing is known of the engine",
            f"build the engine again with {_BUILD}",
        ) from None


def resolve(engine: Path, backend: str) -> tuple[Path, str]:
    """Find the scene model of an engine, and the backend that runs it.

    Args:
        engine: The engine.
        backend: The backend that was asked for; kept where it runs this engine.

    Raises:
        BadModel: The engine or its sidecar is missing or broken.
    """
    sidecar = read_sidecar(engine)
    runner = "tensorrt" if sidecar.target == "tensorrt" else "tensorrt-rtx"
    if runner == "tensorrt" and backend == "tensorrt-pycuda":
        runner = backend
    return engine.parent / sidecar.onnx.name, runner


def admit(engine: Path, onnx: Path, device: DeviceFingerprint) -> tuple[Sidecar, bytes]:
    """Read an engine that belongs here and is whole.

    Args:
        engine: The engine; its sidecar lies beside it.
        onnx: The scene model that it is to be the engine of.
        device: This machine.

    Returns:
        Its sidecar and its content, fit for the deserialiser.

    Raises:
        BadModel: It was built for another device, by another version or from another ONNX file,
            or is not the file that was built.
    """
    sidecar = read_sidecar(engine)
    rebuild = rebuild_command(onnx, sidecar.target, sidecar.options)
    todo = f"build it again: {rebuild}, or add --rebuild"
    differing = differences(sidecar.device, device)
    if differing:
        raise BadModel(f"{engine} was built for another device: {'; '.join(differing)}", todo)
    reason = _why_stale(onnx, sidecar.onnx)
    if reason:
        raise BadModel(f"{engine} does not belong to its scene model: {reason}", todo)
    return sidecar, _read_whole(engine, sidecar.engine, todo)


def _why_stale(onnx: Path, expected: FileIdentity) -> str | None:
    """Why an engine does not belong to a scene model; None when it does."""
    if onnx.name != expected.name:
        return f"it belongs to {expected.name}"
    try:
        found = identify(onnx)
    except OSError as error:
        return f"{onnx} cannot be read ({error.strerror})"
    if found == expected:
        return None
    return f"{onnx} has changed since (SHA-256 {found.sha256[:12]}, was {expected.sha256[:12]})"


def rebuild_command(onnx: Path, target: Target, options: EngineOptions) -> str:
    """The command that builds an engine again, as it is typed."""
    words = ["edge-vad", "export", str(onnx), "--engine"]
    if target != "tensorrt":
        words += ["--target", target]
    if options.batch != BatchProfile():
        words += ["--batch", str(options.batch)]
    if options.workspace_mib:
        words += ["--workspace-mib", str(options.workspace_mib)]
    return shlex.join(words) + (" --tf32" if options.tf32 else "")


class _SchemaOnly(msgspec.Struct):
    schema: Count


def _read_whole(engine: Path, expected: FileIdentity, todo: str) -> bytes:
    """Read an engine through one handle, so that what was checked is what is used."""
    with engine.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size != expected.bytes:
            raise BadModel(
                f"{engine} is not whole: it has {size} bytes, and {expected.bytes} were built", todo
            )
        content = file.read()
    if hashlib.sha256(content).hexdigest() != expected.sha256:
        raise BadModel(f"{engine} is not the file that was built: its SHA-256 differs", todo)
    return content
