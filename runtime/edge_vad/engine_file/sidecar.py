"""What lies beside an engine and says where it belongs."""

from __future__ import annotations

from typing import Annotated

import msgspec

from edge_vad.device.fingerprint import DeviceFingerprint
from edge_vad.device.tensorrt import Target

SCHEMA = 1

Digest = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
Count = Annotated[int, msgspec.Meta(ge=1)]

MOST_FRAMES = 1024
"""Largest batch; exported graphs are traced for as many."""

MOST_MIB = 2**20
"""Largest workspace, a tebibyte."""

Frames = Annotated[int, msgspec.Meta(ge=1, le=MOST_FRAMES)]
Mebibytes = Annotated[int, msgspec.Meta(ge=1, le=MOST_MIB)]


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

    smallest: Frames = 1
    usual: Frames = 1
    largest: Frames = 1

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
    workspace_mib: Mebibytes | None = None
    tf32: bool = False


class EngineLayer(_Record, frozen=True):
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
        proof: Its comparison with single precision: the rows of the table, see
            `scene_model.Comparison`; empty where none was made at the build.
    """

    schema: int
    target: Target
    device: DeviceFingerprint
    onnx: FileIdentity
    options: EngineOptions
    engine: FileIdentity
    precision: str
    layers: tuple[EngineLayer, ...]
    built: str
    build_s: float
    edge_vad: str
    proof: tuple[dict[str, str | float | None], ...] = ()
