"""A GPU that is simulated, and engines for it."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import msgspec
import pytest
import simulated_cuda
import simulated_tensorrt
from simulated_builder import add_builder
from simulated_cuda_bindings import cuda_bindings
from simulated_pycuda import pycuda

from edge_vad import engine_file
from edge_vad.backends import tensorrt as backend
from edge_vad.backends.tensorrt_library import load_library
from edge_vad.device.fingerprint import DeviceFingerprint
from edge_vad.engine_file import FileIdentity, Sidecar
from edge_vad_export.engines import plan

HERE = DeviceFingerprint(
    gpu="Orin",
    compute_capability="8.7",
    driver="540.4.0",
    cuda="12.6",
    tensorrt="10.3.0",
    jetson="NVIDIA Jetson Orin NX Engineering Reference Developer Kit",
    l4t="36.4.3",
)


class Gpu(NamedTuple):
    """A machine with a GPU.

    Attributes:
        device: Its memory and streams.
        api: Its TensorRT.
        fingerprint: What identifies it.
        build: Builds an engine of a scene model, `build(onnx, batches)`, and gives its path.
    """

    device: simulated_cuda.Device
    api: ModuleType
    fingerprint: DeviceFingerprint
    build: Callable[..., Path]


def build(onnx: Path, batches: tuple[int, int, int] = (1, 1, 1), **changes: Any) -> Path:
    """Write an engine of a scene model; `changes` are made to its sidecar."""
    engine = engine_file.engine_path(onnx, "tensorrt", HERE)
    content = simulated_tensorrt.serialise(onnx.read_bytes(), batches)
    sidecar = Sidecar(
        schema=engine_file.SCHEMA,
        target="tensorrt",
        device=HERE,
        onnx=engine_file.identify(onnx),
        options=engine_file.EngineOptions(engine_file.BatchProfile(*batches)),
        engine=FileIdentity(engine.name, len(content), hashlib.sha256(content).hexdigest()),
        precision="fp32",
        layers=(),
        built="2026-01-01T00:00:00+00:00",
        build_s=1.0,
        edge_vad="0.1.0",
    )
    engine_file.write_engine(engine, content, msgspec.structs.replace(sidecar, **changes))
    return engine


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Gpu]:
    device = simulated_cuda.Device()
    api = simulated_tensorrt.tensorrt(device)
    add_builder(api)
    modules = {
        "tensorrt": api,
        **cuda_bindings(device),
        **pycuda(device),
    }
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    for name in ("bindings", "pycuda"):  # they hold on to the modules that they were loaded with
        monkeypatch.delitem(sys.modules, f"edge_vad.backends.cuda.{name}", raising=False)
    monkeypatch.setattr(backend, "read_fingerprint", lambda: HERE)
    monkeypatch.setattr(plan, "read_fingerprint", lambda: HERE)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    load_library.cache_clear()
    yield Gpu(device, api, HERE, build)
    load_library.cache_clear()
