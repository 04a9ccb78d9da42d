"""cuda-bindings on a simulated device: a status first, and then the result."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from types import ModuleType
from typing import Any

import simulated_cuda
from simulated_cuda import Device, Refused

Status = IntEnum(
    "cudaError_t",
    {
        "cudaSuccess": 0,
        "cudaErrorInvalidValue": simulated_cuda.INVALID_VALUE,
        "cudaErrorNoDevice": simulated_cuda.NO_DEVICE,
        "cudaErrorInvalidResourceHandle": simulated_cuda.INVALID_HANDLE,
        "cudaErrorStreamCaptureUnsupported": simulated_cuda.CAPTURE_UNSUPPORTED,
        "cudaErrorStreamCaptureInvalidated": simulated_cuda.CAPTURE_INVALIDATED,
    },
)
MemcpyKind = IntEnum(
    "cudaMemcpyKind",
    {"cudaMemcpyHostToDevice": 1, "cudaMemcpyDeviceToHost": 2, "cudaMemcpyDeviceToDevice": 3},
)
WAYS = dict(zip(MemcpyKind, ("up", "down", "within"), strict=True))
CaptureMode = IntEnum("cudaStreamCaptureMode", {"cudaStreamCaptureModeThreadLocal": 1})


def cuda_bindings(device: Device) -> dict[str, ModuleType]:
    """The modules, by name."""
    runtime = ModuleType("cuda.bindings.runtime")
    constants = {
        "cudaError_t": Status,
        "cudaMemcpyKind": MemcpyKind,
        "cudaStreamCaptureMode": CaptureMode,
        "cudaStreamNonBlocking": 1,
        "cudaHostAllocDefault": 0,
        "cudaGetErrorString": lambda status: (Status(0), simulated_cuda.SAID[status].encode()),
    }
    for name, value in constants.items():
        setattr(runtime, name, value)
    for name, function in _calls(device).items():
        setattr(runtime, name, _refusable(name, function))
    bindings = ModuleType("cuda.bindings")
    bindings.runtime = runtime
    package = ModuleType("cuda")
    package.bindings = bindings
    return {"cuda": package, "cuda.bindings": bindings, "cuda.bindings.runtime": runtime}


def _calls(device: Device) -> dict[str, Callable[..., Any]]:
    def set_device(number):
        if not device.is_present or number != 0:
            raise Refused(simulated_cuda.NO_DEVICE)

    def free(address):
        device.demand_no_capture()
        device.free(address)

    def copy(to, source, size, kind, stream):
        device.copy(to, source, size, stream, way=WAYS[kind])

    return {
        "cudaSetDevice": set_device,
        "cudaStreamCreateWithFlags": lambda flags: device.make_stream(),
        "cudaStreamSynchronize": device.synchronize,
        "cudaStreamDestroy": lambda stream: device.destroy(stream, device.streams),
        "cudaMalloc": device.allocate,
        "cudaFree": free,
        "cudaHostAlloc": lambda size, flags: device.allocate(size, is_pinned=True),
        "cudaFreeHost": lambda address: device.free(address, is_pinned=True),
        "cudaMemcpyAsync": copy,
        "cudaStreamBeginCapture": lambda stream, mode: device.begin_capture(stream),
        "cudaStreamEndCapture": device.end_capture,
        "cudaGraphInstantiate": lambda graph, flags: device.instantiate(graph),
        "cudaGraphLaunch": device.launch,
        "cudaGraphDestroy": lambda graph: device.destroy(graph, device.graphs),
        "cudaGraphExecDestroy": lambda graph: device.destroy(graph, device.graphs),
        "cudaGetLastError": lambda: None,
    }


def _refusable(name: str, function: Callable[..., Any]) -> Callable[..., tuple[Any, ...]]:
    def call(*arguments: Any) -> tuple[Any, ...]:
        try:
            result = function(*arguments)
        except Refused as refusal:
            return Status(refusal.code), None
        return (Status(0),) if result is None else (Status(0), result)

    call.__name__ = name
    return call
