"""Engines know where they belong: the sidecar of an engine, and what is refused.

An engine `scene.tensorrt-orin-nx-sm87.engine` lies beside its `scene.onnx`, and beside it lies
`scene.tensorrt-orin-nx-sm87.engine.json`. The ONNX file stays the truth about the scene: an engine
is a cache of it for one device. Nothing of an engine reaches a deserialiser before it was held to
its sidecar, and the sidecar to this device and to the ONNX file.
"""

from __future__ import annotations

import hashlib
import os
import re
import shlex
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from edge_vad.device_fingerprint import DeviceFingerprint
from edge_vad.errors import BadModel

Target = Literal["tensorrt", "rtx"]
TARGET_NAMES: dict[str, str] = {"tensorrt": "TensorRT", "rtx": "TensorRT-RTX"}
SUFFIX = ".engine"
SCHEMA = 1

_LARGEST_SIDECAR = 16 * 2**20
_CHUNK = 2**20
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
_DIGEST = re.compile(r"[0-9a-f]{64}")
Digest = Annotated[str, msgspec.Meta(pattern=f"^{_DIGEST.pattern}$")]
Count = Annotated[int, msgspec.Meta(ge=1)]


class _Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of a sidecar: unchangeable, and refused when it holds a field nobody knows."""


class FileIdentity(_Record, frozen=True):
    """A file, told from all others.

    Attributes:
        name: Its name, without a folder.
        bytes: Its size.
        sha256: Its digest, hexadecimal.
    """

    name: Annotated[str, msgspec.Meta(pattern=r"^[^/\\\0]+$")]
    bytes: Count
    sha256: Digest


class BatchProfile(_Record, frozen=True):
    """Batch sizes of an engine's optimisation profile.

    Attributes:
        smallest: Fewest frames at once.
        usual: The number that it is tuned for.
        largest: Most frames at once.
    """

    smallest: Count = 1
    usual: Count = 1
    largest: Count = 1

    def __post_init__(self) -> None:
        if not self.smallest <= self.usual <= self.largest:
            raise ValueError("batch sizes must not fall from the smallest to the largest")

    def __str__(self) -> str:
        return f"{self.smallest}:{self.usual}:{self.largest}"


class EngineOptions(_Record, frozen=True):
    """What was chosen for a build.

    Attributes:
        batch: Batch sizes.
        workspace_mib: Most memory a layer may use while it runs; None: from the free memory.
        tf32: Whether FP32 layers may round their factors to TF32.
    """

    batch: BatchProfile = BatchProfile()
    workspace_mib: Count | None = None
    tf32: bool = False


class Layer(_Record, frozen=True):
    """A layer of an engine.

    Attributes:
        name: The library's name for it.
        nodes: The ONNX nodes that it computes.
        reads: Types of its inputs.
        writes: Types of its outputs.
        holds: Types of its weights.
    """

    name: str
    nodes: tuple[str, ...]
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    holds: tuple[str, ...] = ()


class Sidecar(_Record, frozen=True):
    """What lies beside an engine and says where it belongs.

    Attributes:
        schema: Version of this document's layout.
        target: What built it, and must run it.
        device: What it was built for; fields that are None do not matter to it.
        onnx: The scene model that it was built from.
        options: What was chosen.
        engine: The engine itself.
        precision: What the scene model's encoders compute in.
        layers: The engine's layers, as they were read back.
        built: UTC, ISO 8601.
        build_s: How long the build took.
        edge_vad: Version of edge-vad that built it.
    """

    schema: int
    target: Target
    device: DeviceFingerprint
    onnx: FileIdentity
    options: EngineOptions
    engine: FileIdentity
    precision: str
    layers: tuple[Layer, ...]
    built: str
    build_s: float
    edge_vad: str


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


def engine_path(onnx: Path, target: Target, device: DeviceFingerprint) -> Path:
    """Where the engine of a scene model for a device lies: beside it."""
    capability = f"sm{(device.compute_capability or 'unknown').replace('.', '')}"
    names = [target, capability]
    model = device.jetson or device.gpu
    if target == "tensorrt" and model:
        names.insert(1, _slug(model))
    return onnx.with_name(f"{onnx.stem}.{'-'.join(names)}{SUFFIX}")


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
        with path.open("rb") as file:
            text = file.read(_LARGEST_SIDECAR + 1)
        if len(text) > _LARGEST_SIDECAR:
            raise ValueError("it is too large")
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


def admit(engine: Path, device: DeviceFingerprint) -> tuple[Sidecar, bytes]:
    """Read an engine that belongs here and is whole.

    Args:
        engine: The engine; its sidecar and the ONNX file lie beside it.
        device: This machine.

    Returns:
        Its sidecar and its content, fit for the deserialiser.

    Raises:
        BadModel: It was built for another device, by another version or from another ONNX file,
            or is not the file that was built.
    """
    sidecar = read_sidecar(engine)
    rebuild = rebuild_command(engine.parent / sidecar.onnx.name, sidecar.target, sidecar.options)
    todo = f"build it again: {rebuild}, or add --rebuild"
    differing = differences(sidecar.device, device)
    if differing:
        raise BadModel(f"{engine} was built for another device: {'; '.join(differing)}", todo)
    reason = stale_onnx(engine.parent, sidecar)
    if reason:
        raise BadModel(f"{engine} does not belong to its scene model: {reason}", todo)
    return sidecar, _read_whole(engine, sidecar.engine, todo)


def stale_onnx(folder: Path, sidecar: Sidecar) -> str | None:
    """Why an engine does not belong to the ONNX file beside it; None when it does."""
    onnx = folder / sidecar.onnx.name
    try:
        found = identify(onnx)
    except OSError as error:
        return f"{onnx} cannot be read ({error.strerror})"
    if found != sidecar.onnx:
        return (
            f"{onnx} has changed since (SHA-256 {found.sha256[:12]}, "
            f"was {sidecar.onnx.sha256[:12]})"
        )
    return None


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


def write_engine(engine: Path, content: bytes, sidecar: Sidecar) -> None:
    """Write an engine and its sidecar, each whole or not at all.

    The sidecar of an earlier engine is removed first and the new one written last: what is found
    in between has none, and is refused.

    Raises:
        OSError: There is no room, or no right to write.
    """
    sidecar_path(engine).unlink(missing_ok=True)
    _write_whole(engine, content)
    _write_whole(sidecar_path(engine), msgspec.json.format(msgspec.json.encode(sidecar), indent=1))


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


def _write_whole(path: Path, content: bytes) -> None:
    staged = path.with_name(f".{path.name}.partial")
    try:
        with staged.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        staged.replace(path)
    finally:
        staged.unlink(missing_ok=True)


def _slug(name: str) -> str:
    """A device's name as a part of a file's name."""
    short = re.sub(r"NVIDIA|GeForce|Developer Kit|Engineering Reference", " ", name)
    return re.sub(r"[^a-z0-9]+", "-", short.lower()).strip("-") or "gpu"
