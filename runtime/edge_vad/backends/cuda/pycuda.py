"""CUDA through `pycuda`, which many Jetsons have."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from numpy.typing import DTypeLike, NDArray

from edge_vad.backends.cuda.base import Cuda
from edge_vad.errors import Unavailable

try:
    import pycuda.driver as driver
except ImportError as error:
    raise Unavailable(
        f"the package pycuda cannot be loaded ({error})",
        "run pip install 'edge-vad[pycuda]', or use --backend tensorrt",
    ) from None


class PyCuda(Cuda):
    """The first device, in its primary context, which TensorRT uses too.

    pycuda knows no CUDA graphs, so each frame's work is put on the stream anew.

    Raises:
        Unavailable: There is no device that CUDA can use.
    """

    def __init__(self) -> None:
        self._allocations: list[Any] = []
        self._context: Any = None
        try:
            driver.init()
            self._context = driver.Device(0).retain_primary_context()
            with self._current():
                self._stream: Any = driver.Stream()
        except driver.Error as error:
            raise Unavailable(
                f"pycuda finds no device that CUDA can use ({error})",
                "see that the NVIDIA driver and the GPU work (nvidia-smi)",
            ) from None
        self.stream = int(self._stream.handle)

    def allocate(self, size: int) -> int:
        """Allocate device memory; see `Cuda.allocate`."""
        with self._current():
            memory = driver.mem_alloc(size)
        self._allocations.append(memory)
        return int(memory)

    def pinned(self, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """Allocate pinned host memory; see `Cuda.pinned`."""
        with self._current():
            array: NDArray[Any] = driver.pagelocked_empty(shape, dtype)
        self._allocations.append(array.base)
        return array

    def upload(self, address: int, array: NDArray[Any]) -> None:
        """Put a copy to the device on the stream."""
        with self._current():
            driver.memcpy_htod_async(address, array, self._stream)

    def download(self, array: NDArray[Any], address: int) -> None:
        """Put a copy from the device on the stream."""
        with self._current():
            driver.memcpy_dtoh_async(array, address, self._stream)

    def copy(self, to: int, source: int, size: int) -> None:
        """Put a copy within the device's memory on the stream."""
        with self._current():
            driver.memcpy_dtod_async(to, source, size, self._stream)

    def synchronize(self) -> None:
        """Wait until all on the stream is done."""
        with self._current():
            self._stream.synchronize()

    def record(self, work: Callable[[], None]) -> Callable[[], None] | None:  # noqa: ARG002
        """None: pycuda has no CUDA graphs."""
        return None

    def close(self) -> None:
        """Free everything; harmless when called twice."""
        if self._context is None:
            return
        with self._current():
            self._stream.synchronize()
            while self._allocations:
                self._allocations.pop().free()
            self._stream = None
        self._context.detach()
        self._context = None

    @contextmanager
    def _current(self) -> Iterator[None]:
        """Make the context this thread's; what pycuda refuses becomes our error."""
        self._context.push()
        try:
            yield
        except driver.Error as error:
            raise Unavailable(
                f"CUDA refuses a call of pycuda's ({error})",
                "see that the NVIDIA driver and the GPU work (nvidia-smi), and that memory is free",
            ) from None
        finally:
            driver.Context.pop()
