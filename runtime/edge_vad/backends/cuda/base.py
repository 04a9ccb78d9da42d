"""What the TensorRT backend needs of CUDA."""

from __future__ import annotations

import ctypes
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray


class Cuda(ABC):
    """One device and one stream. What is allocated is freed by `close`, and nowhere else.

    Attributes:
        stream: Handle of the stream that all work goes to.
    """

    stream: int

    @abstractmethod
    def allocate(self, size: int) -> int:
        """Allocate device memory, in bytes; gives its address."""

    @abstractmethod
    def pinned(self, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """Allocate host memory that the device copies from and to by itself."""

    @abstractmethod
    def upload(self, address: int, array: NDArray[Any]) -> None:
        """Put a copy from pinned memory to the device on the stream."""

    @abstractmethod
    def download(self, array: NDArray[Any], address: int) -> None:
        """Put a copy from the device to pinned memory on the stream."""

    @abstractmethod
    def copy(self, to: int, source: int, size: int) -> None:
        """Put a copy within the device's memory, in bytes, on the stream."""

    @abstractmethod
    def synchronize(self) -> None:
        """Wait until all on the stream is done."""

    @abstractmethod
    def record(self, work: Callable[[], None]) -> Callable[[], None] | None:
        """Capture what `work` puts on the stream as a CUDA graph.

        Returns:
            Launches the graph; None where that cannot be had. A later call replaces the graph.
        """

    @abstractmethod
    def close(self) -> None:
        """Free everything; harmless when called twice."""


def as_array(address: int, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """Look at host memory as an array."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    memory = (ctypes.c_uint8 * size).from_address(address)
    array: NDArray[Any] = np.ctypeslib.as_array(memory).view(dtype).reshape(shape)
    return array
