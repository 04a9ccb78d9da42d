"""CUDA through `cuda-bindings`, NVIDIA's own package."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from edge_vad.backends.cuda.base import Cuda, as_array
from edge_vad.errors import Unavailable

try:
    from cuda.bindings import runtime as cudart
except ImportError as error:
    raise Unavailable(
        f"the package cuda-bindings cannot be loaded ({error})",
        "run pip install 'cuda-bindings<13' for CUDA 12, or cuda-bindings for CUDA 13; where "
        "there is pycuda, use --backend tensorrt-pycuda",
    ) from None


class CudaBindings(Cuda):
    """The first device, by the CUDA runtime's own calls.

    Raises:
        Unavailable: There is no device that CUDA can use.
    """

    def __init__(self) -> None:
        self._device: list[int] = []
        self._host: list[int] = []
        self._graph: Any = None
        self._stream: Any = None
        _call(cudart.cudaSetDevice, 0)
        self._stream = _call(cudart.cudaStreamCreateWithFlags, cudart.cudaStreamNonBlocking)
        self.stream = int(self._stream)

    def allocate(self, size: int) -> int:
        """Allocate device memory; see `Cuda.allocate`."""
        address = int(_call(cudart.cudaMalloc, size))
        self._device.append(address)
        return address

    def pinned(self, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """Allocate pinned host memory; see `Cuda.pinned`."""
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        address = int(_call(cudart.cudaHostAlloc, size, cudart.cudaHostAllocDefault))
        self._host.append(address)
        return as_array(address, shape, dtype)

    def upload(self, address: int, array: NDArray[Any]) -> None:
        """Put a copy to the device on the stream."""
        self._copy(
            address, array.ctypes.data, array.nbytes, cudart.cudaMemcpyKind.cudaMemcpyHostToDevice
        )

    def download(self, array: NDArray[Any], address: int) -> None:
        """Put a copy from the device on the stream."""
        self._copy(
            array.ctypes.data, address, array.nbytes, cudart.cudaMemcpyKind.cudaMemcpyDeviceToHost
        )

    def copy(self, to: int, source: int, size: int) -> None:
        """Put a copy within the device's memory on the stream."""
        self._copy(to, source, size, cudart.cudaMemcpyKind.cudaMemcpyDeviceToDevice)

    def synchronize(self) -> None:
        """Wait until all on the stream is done."""
        _call(cudart.cudaStreamSynchronize, self._stream)

    def record(self, work: Callable[[], None]) -> Callable[[], None] | None:
        """Capture a CUDA graph; see `Cuda.record`."""
        self._forget_graph()
        mode = cudart.cudaStreamCaptureMode.cudaStreamCaptureModeThreadLocal
        _call(cudart.cudaStreamBeginCapture, self._stream, mode)
        try:
            work()
        finally:
            status, captured = cudart.cudaStreamEndCapture(self._stream)
        if int(status) != 0:
            cudart.cudaGetLastError()  # the failed capture is forgiven
            return None
        self._graph = _call(cudart.cudaGraphInstantiate, captured, 0)
        _call(cudart.cudaGraphDestroy, captured)
        return self._launch

    def close(self) -> None:
        """Free everything; harmless when called twice."""
        if self._stream is None:
            return
        cudart.cudaStreamSynchronize(self._stream)
        self._forget_graph()
        while self._device:
            cudart.cudaFree(self._device.pop())
        while self._host:
            cudart.cudaFreeHost(self._host.pop())
        cudart.cudaStreamDestroy(self._stream)
        self._stream = None

    def _copy(self, to: int, source: int, size: int, kind: Any) -> None:
        _call(cudart.cudaMemcpyAsync, to, source, size, kind, self._stream)

    def _launch(self) -> None:
        _call(cudart.cudaGraphLaunch, self._graph, self._stream)

    def _forget_graph(self) -> None:
        if self._graph is not None:
            cudart.cudaGraphExecDestroy(self._graph)
            self._graph = None


def _call(function: Callable[..., Any], *arguments: object) -> Any:
    """Call CUDA; gives its one result, if it has one."""
    status, *results = function(*arguments)
    if int(status) != 0:
        _, reason = cudart.cudaGetErrorString(status)
        raise Unavailable(
            f"CUDA refuses {function.__name__} ({reason.decode()})",
            "see that the NVIDIA driver and the GPU work (nvidia-smi), and that memory is free",
        )
    return results[0] if results else None
