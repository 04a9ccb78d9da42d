"""Engines know where they belong.

An engine `scene.tensorrt-orin-nx-sm87.engine` lies beside its `scene.onnx`, and beside it lies
`scene.tensorrt-orin-nx-sm87.engine.json`. The ONNX file stays the truth about the scene: an engine
is a cache of it for one device. Nothing of an engine reaches a deserialiser before it was held to
its sidecar, and the sidecar to this device and to the ONNX file.
"""

from __future__ import annotations

from edge_vad.engine_file.admission import (
    admit,
    differences,
    read_sidecar,
    rebuild_command,
    relevant,
    resolve,
)
from edge_vad.engine_file.files import (
    SUFFIX,
    device_name,
    engine_path,
    identify,
    sidecar_path,
    write_engine,
)
from edge_vad.engine_file.sidecar import (
    MOST_FRAMES,
    MOST_MIB,
    SCHEMA,
    BatchProfile,
    EngineLayer,
    EngineOptions,
    FileIdentity,
    Sidecar,
)

__all__ = [
    "MOST_FRAMES",
    "MOST_MIB",
    "SCHEMA",
    "SUFFIX",
    "BatchProfile",
    "EngineLayer",
    "EngineOptions",
    "FileIdentity",
    "Sidecar",
    "admit",
    "device_name",
    "differences",
    "engine_path",
    "identify",
    "read_sidecar",
    "rebuild_command",
    "relevant",
    "resolve",
    "sidecar_path",
    "write_engine",
]
