"""One session of the optical-flow unit: two pictures in, a vector for every block out."""

from __future__ import annotations

import ctypes
import weakref
from contextlib import ExitStack
from ctypes import c_uint32, c_void_p
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_vad.device.fingerprint import read_compute_capability
from edge_vad.errors import Unavailable
from edge_vad.flow_units.base import from_vectors
from edge_vad.flow_units.nvof import library
from edge_vad.flow_units.nvof.context import CudaContext
from edge_vad.flow_units.nvof.library import BufferDescriptor, demand

_VECTOR_BYTES = 4
_WORDS = 256
"""Bytes for the driver's words of an error; it wants 80 at least."""


def unit_code() -> str:
    """What a scene names whose flow this machine's unit measured.

    Raises:
        Unavailable: There is no NVIDIA card, or no library.
    """
    library.load_functions()
    capability = read_compute_capability()
    if capability is None:
        raise Unavailable(
            "there is no NVIDIA card that CUDA can use",
            "see that its driver works (nvidia-smi), or use flow on the CPU",
        )
    return f"NVOF of compute capability {capability}"


class _Buffer(NamedTuple):
    """A picture or field on the device, and host memory of the same layout."""

    handle: c_void_p
    address: int
    rows: NDArray[np.uint8]


class NvofSession:
    """Measures flow for pictures of one size, on the finest grid that the unit has.

    Every pair is measured by itself, without what was found for the pair before, so that the flow
    of two pictures is the same whatever came earlier.

    Args:
        height: Rows of the pictures.
        width: Columns of the pictures.

    Attributes:
        grid: Side of a block that has one vector, px.

    Raises:
        Unavailable: There is no unit, or it does not take this size.
    """

    def __init__(self, height: int, width: int) -> None:
        self._size = height, width
        self._functions = library.load_functions()
        self._context = CudaContext()
        with ExitStack() as undo:
            undo.callback(self._context.close)
            with self._context.current():
                self._open(undo)
            self._close = weakref.finalize(self, undo.pop_all().close)

    def calc(
        self,
        previous: NDArray[np.uint8],
        current: NDArray[np.uint8],
        flow: None = None,  # noqa: ARG002 - OpenCV takes a first guess here
        /,
    ) -> NDArray[np.float32]:
        """Measure where every px went; see `DenseFlow.calc`."""
        height, width = self._size
        if not previous.shape == current.shape == self._size:
            raise ValueError(f"pictures of {width}x{height} px are wanted")
        with self._context.current():
            for buffer, picture in ((self._input, previous), (self._reference, current)):
                buffer.rows[:, :width] = picture
                self._context.upload(buffer.address, buffer.rows)
            self._execute()
            self._context.download(self._output.rows, self._output.address)
        columns = -(-width // self.grid)
        raw = np.ascontiguousarray(self._output.rows[:, : columns * _VECTOR_BYTES])
        vectors = raw.view(np.int16).reshape(-1, columns, 2)
        return from_vectors(vectors, self.grid, height, width)

    def close(self) -> None:
        """Give everything back; harmless when called twice."""
        self._close()

    def _open(self, undo: ExitStack) -> None:
        height, width = self._size
        functions, self._session = self._functions, c_void_p()
        status = functions.create(self._context.handle, ctypes.byref(self._session))
        demand(status, "a session")
        undo.callback(self._context.within, functions.destroy, self._session)
        self.grid = min(self._ask(library.GRIDS))
        self._refuse_size()
        params = library.InitParams(
            width=width,
            height=height,
            out_grid=self.grid,
            mode=library.OPTICAL_FLOW,
            performance=library.SLOW,
        )
        self._demand(functions.init(self._session, ctypes.byref(params)), f"{width}x{height} px")
        blocks = -(-height // self.grid), -(-width // self.grid)
        self._input, self._reference = (
            self._buffer(self._size, library.INPUT, library.GREY, undo) for _ in range(2)
        )
        self._output = self._buffer(blocks, library.OUTPUT, library.VECTORS, undo)

    def _refuse_size(self) -> None:
        height, width = self._size
        (narrowest,), (lowest,) = self._ask(library.WIDTH_MIN), self._ask(library.HEIGHT_MIN)
        (widest,), (highest,) = self._ask(library.WIDTH_MAX), self._ask(library.HEIGHT_MAX)
        if not (narrowest <= width <= widest and lowest <= height <= highest):
            raise Unavailable(
                f"the optical-flow unit takes {narrowest}x{lowest} to {widest}x{highest} px, and "
                f"the scene has {width}x{height}",
                "use flow on the CPU",
            )

    def _ask(self, capability: int) -> tuple[int, ...]:
        """Values of a capability: first how many there are, then which."""
        count = c_uint32()
        ask = self._functions.capabilities
        self._demand(ask(self._session, capability, None, ctypes.byref(count)), "its limits")
        values = (c_uint32 * max(1, count.value))()
        self._demand(ask(self._session, capability, values, ctypes.byref(count)), "its limits")
        return tuple(values)

    def _buffer(self, size: tuple[int, int], usage: int, kind: int, undo: ExitStack) -> _Buffer:
        functions, handle, strides = self._functions, c_void_p(), library.StrideInfo()
        wanted = BufferDescriptor(size[1], size[0], usage, kind)
        status = functions.create_buffer(
            self._session, ctypes.byref(wanted), library.DEVICE_POINTER, ctypes.byref(handle)
        )
        self._demand(status, "a buffer")
        undo.callback(self._context.within, functions.destroy_buffer, handle)
        self._demand(functions.buffer_strides(handle, ctypes.byref(strides)), "its layout")
        address = int(functions.buffer_address(handle))
        row_bytes = int(strides.planes[0].row)
        least = size[1] * (_VECTOR_BYTES if kind == library.VECTORS else 1)
        if not address or row_bytes < least:
            raise Unavailable(
                f"the optical-flow unit lays rows of {least} bytes out in {row_bytes}",
                "use flow on the CPU, and report this with the output of edge-vad doctor --json",
            )
        return _Buffer(handle, address, np.zeros((size[0], row_bytes), np.uint8))

    def _execute(self) -> None:
        pictures = library.ExecuteInput(
            input=self._input.handle,
            reference=self._reference.handle,
            without_temporal_hints=1,
        )
        field = library.ExecuteOutput(vectors=self._output.handle)
        status = self._functions.execute(self._session, ctypes.byref(pictures), ctypes.byref(field))
        self._demand(status, "a measurement")

    def _demand(self, status: int, what: str) -> None:
        if status == 0:
            return
        words, size = ctypes.create_string_buffer(_WORDS), c_uint32(_WORDS)
        self._functions.last_error(self._session, words, ctypes.byref(size))
        demand(status, what, words.value.decode(errors="replace"))
