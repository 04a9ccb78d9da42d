"""The CUDA context of the first device, by the driver's own library: no package is needed."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ctypes import c_int, c_size_t, c_uint64, c_void_p
from typing import Any

from numpy.typing import NDArray

from edge_vad.errors import Unavailable
from edge_vad.flow_units.nvof.library import load


class CudaContext:
    """The primary context, which other CUDA libraries of the process use too.

    Attributes:
        handle: Of the context.

    Raises:
        Unavailable: There is no device that CUDA can use.
    """

    def __init__(self) -> None:
        self._cuda = load("libcuda.so.1", "the NVIDIA driver's library of CUDA")
        self._device, self.handle = c_int(), c_void_p()
        self._call("cuInit", 0)
        self._call("cuDeviceGet", ctypes.byref(self._device), 0)
        self._call("cuDevicePrimaryCtxRetain", ctypes.byref(self.handle), self._device)

    @contextmanager
    def current(self) -> Iterator[None]:
        """Make the context this thread's."""
        self._call("cuCtxPushCurrent_v2", self.handle)
        try:
            yield
        finally:
            self._call("cuCtxPopCurrent_v2", ctypes.byref(c_void_p()))

    def within(self, function: Callable[..., object], *arguments: object) -> None:
        """Call a function of another library in the context."""
        with self.current():
            function(*arguments)

    def upload(self, address: int, array: NDArray[Any]) -> None:
        """Copy an array, whole and contiguous, to the device."""
        host = c_void_p(array.ctypes.data)
        self._call("cuMemcpyHtoD_v2", c_uint64(address), host, c_size_t(array.nbytes))

    def download(self, array: NDArray[Any], address: int) -> None:
        """Wait for the device, and fill an array from it."""
        self._call("cuCtxSynchronize")
        host = c_void_p(array.ctypes.data)
        self._call("cuMemcpyDtoH_v2", host, c_uint64(address), c_size_t(array.nbytes))

    def close(self) -> None:
        """Give the context back; what refuses that is no concern any more."""
        self._cuda.cuDevicePrimaryCtxRelease_v2(self._device)

    def _call(self, name: str, *arguments: object) -> None:
        status = getattr(self._cuda, name)(*arguments)
        if status != 0:
            raise Unavailable(
                f"CUDA refuses {name} (code {status})",
                "see that the NVIDIA driver and the GPU work (nvidia-smi)",
            )
