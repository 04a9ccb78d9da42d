"""The driver's libraries of CUDA and optical flow without a GPU, through real C function pointers.

What the unit refuses is refused with its codes: calls in a thread whose context is another or
none, sessions that were not initialised, buffers of other sessions, sizes or kinds, reserved fields
that are set, memory that is not there. A measurement is done when the device is waited for, as on
one that is slow.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from ctypes import POINTER, c_int, c_size_t, c_uint32, c_uint64, c_void_p
from typing import Any

import numpy as np

from edge_vad.flow_units.nvof.library import FunctionTable
from edge_vad.opencv import cv2

NOT_AVAILABLE, GONE, INVALID_POINTER, INVALID_PARAM = 1, 3, 4, 5
INVALID_CALL, INVALID_VERSION, NOT_INITIALISED, GENERIC = 6, 7, 9, 11
GRIDS, LIMITS = 0, range(4, 8)
CONTEXT = 0xC0DE
_PITCH = 256


class Refused(Exception):
    """No, with a code."""

    def __init__(self, code: int, words: str = "") -> None:
        self.code, self.words = code, words


class Driver:
    """A card, its driver's libraries, and what is open on it.

    Attributes:
        version: The newest version of the interface that is served; None where it cannot be asked.
        is_present: Whether CUDA finds a device.
        has_unit: Whether that has an optical-flow unit.
        grids: Sides of blocks that it can do.
        sizes: Least width and height, largest width and height.
        turned: What is done to the field before it is stored, as a driver that errs would.
        dies_after: How many measurements it lives for; None: for ever.
        executed: How often something was measured.
    """

    def __init__(self) -> None:
        self.version: int | None = 0x50
        self.is_present = self.has_unit = True
        self.grids: tuple[int, ...] = (1, 2, 4)
        self.sizes = (32, 32, 8192, 8192)
        self.turned: Callable[[Any], Any] = lambda field: field
        self.dies_after: int | None = None
        self.executed = 0
        self.sessions: dict[int, dict[str, Any]] = {}
        self.buffers: dict[int, dict[str, Any]] = {}
        self.retained = 0
        self._queue: list[Callable[[], None]] = []
        self._device = threading.Lock()
        self._current = threading.local()
        self._kept: list[Any] = []
        self._handles = iter(range(0x100, 0x10000))
        self._words = b""

    @property
    def open(self) -> int:
        """How many sessions, buffers and references to the context have not been given back."""
        return len(self.sessions) + len(self.buffers) + self.retained

    def load(self, name: str) -> Any:
        """What `ctypes.CDLL` gives."""
        if name == "libcuda.so.1":
            return _Library(self.keep, _Cuda(self).functions())
        if name == "libnvidia-opticalflow.so.1":
            return _Library(self.keep, _OpticalFlow(self).functions())
        raise OSError(name)

    def keep(self, types: tuple[Any, ...], call: Callable[..., Any]) -> Any:
        """Make a C function of it, which lives as long as the driver."""

        def guarded(*arguments: Any) -> Any:
            try:
                result = call(*arguments)
            except Refused as refused:
                self._words = refused.words.encode()
                return refused.code
            return 0 if result is None else result

        function = ctypes.CFUNCTYPE(*types)(guarded)
        self._kept.append(function)
        return function

    def stack(self) -> list[int]:
        if not hasattr(self._current, "stack"):
            self._current.stack = []
        stack: list[int] = self._current.stack
        return stack

    def demand_context(self) -> None:
        if not self.stack():
            raise Refused(INVALID_CALL, "no context is current in this thread")

    def memory(self, address: int, size: int) -> None:
        for buffer in self.buffers.values():
            start = ctypes.addressof(buffer["memory"])
            if start <= address and address + size <= start + len(buffer["memory"]):
                return
        raise Refused(1)

    def synchronize(self) -> None:
        # The device works in order, and a thread waits for what another one has begun, too.
        with self._device:
            while self._queue:
                self._queue.pop(0)()

    def create_session(self, context: int, out: Any) -> None:
        self.demand_context()
        if context != CONTEXT:
            raise Refused(INVALID_POINTER)
        if not self.has_unit:
            raise Refused(NOT_AVAILABLE)
        handle = next(self._handles)
        self.sessions[handle] = {}
        out[0] = handle

    def init(self, session: int, params: Any) -> None:
        wanted = params[0]
        least_w, least_h, most_w, most_h = self.sizes
        if not (least_w <= wanted.width <= most_w and least_h <= wanted.height <= most_h):
            raise Refused(INVALID_PARAM, "width or height is out of range")
        if wanted.out_grid not in self.grids or wanted.mode != 1 or wanted.performance % 5:
            raise Refused(INVALID_PARAM)
        if wanted.private or wanted.with_hints or wanted.with_cost or wanted.with_regions:
            raise Refused(INVALID_PARAM, "a reserved or unused field is set")
        self._session(session).update(
            size=(wanted.height, wanted.width),
            grid=wanted.out_grid,
        )

    def create_buffer(self, session: int, wanted: Any, kind: int, out: Any) -> None:
        known, asked = self._session(session), wanted[0]
        if kind != 2:
            raise Refused(INVALID_PARAM, "only plain device memory is simulated")
        height, width = known["size"]
        grid, is_vectors = known["grid"], asked.usage == 2
        sizes = (-(-height // grid), -(-width // grid)) if is_vectors else (height, width)
        if (asked.height, asked.width) != sizes or asked.format != (5 if is_vectors else 1):
            raise Refused(INVALID_PARAM, "size or format of a buffer does not suit the session")
        pitch = -(-asked.width * (4 if is_vectors else 1) // _PITCH) * _PITCH
        memory = (ctypes.c_uint8 * (pitch * asked.height))(*[0xAB] * 64)
        handle = next(self._handles)
        self.buffers[handle] = {
            "session": session,
            "usage": asked.usage,
            "memory": memory,
            "pitch": pitch,
            "size": sizes,
        }
        out[0] = handle

    def execute(self, session: int, pictures: Any, field: Any) -> None:
        known, given, wanted = self._session(session), pictures[0], field[0]
        if self.dies_after is not None and self.executed >= self.dies_after:
            raise Refused(GONE, "the device fell off the bus")
        if given.hints or given.private or given.padding or given.padding2 or given.region_count:
            raise Refused(INVALID_PARAM, "a reserved or unused field is set")
        before, after = (
            self._buffer(each, session, usage=1) for each in (given.input, given.reference)
        )
        result = self._buffer(wanted.vectors, session, usage=2)
        if given.input == given.reference or wanted.cost or wanted.private:
            raise Refused(INVALID_PARAM)
        self._queue.append(lambda: self._measure(known, before, after, result))

    def _measure(self, known: Any, before: Any, after: Any, result: Any) -> None:
        height, width = known["size"]
        grey = [_rows(each)[:, :width].copy() for each in (before, after)]
        flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM).calc(*grey, None)
        rows, columns = result["size"]
        grid = known["grid"]
        padded = np.pad(
            flow, ((0, rows * grid - height), (0, columns * grid - width), (0, 0)), "edge"
        )
        field = padded.reshape(rows, grid, columns, grid, 2).mean((1, 3))
        vectors = np.round(self.turned(field) * 32).astype(np.int16)
        _rows(result)[:, : 4 * columns] = vectors.reshape(rows, -1).view(np.uint8)
        self.executed += 1

    def capabilities(self, session: int, asked: int, values: Any, size: Any) -> None:
        if session not in self.sessions:
            raise Refused(INVALID_POINTER)
        known = {GRIDS: self.grids, **{4 + at: (each,) for at, each in enumerate(self.sizes)}}
        if asked not in known:
            raise Refused(INVALID_PARAM)
        if values:
            for at, each in enumerate(known[asked]):
                values[at] = each
        size[0] = len(known[asked])

    def _session(self, handle: int) -> dict[str, Any]:
        self.demand_context()
        if handle not in self.sessions:
            raise Refused(INVALID_POINTER)
        return self.sessions[handle]

    def _buffer(self, handle: int, session: int, usage: int) -> dict[str, Any]:
        if "size" not in self.sessions[session]:
            raise Refused(NOT_INITIALISED)
        buffer = self.buffers.get(handle)
        if buffer is None or buffer["session"] != session or buffer["usage"] != usage:
            raise Refused(INVALID_POINTER, "not a buffer of this session for this use")
        return buffer

    def words(self, session: int, text: Any, size: Any) -> None:
        ctypes.memmove(text, self._words + b"\0", len(self._words) + 1)
        size[0] = len(self._words)


def _rows(buffer: dict[str, Any]) -> Any:
    return np.ctypeslib.as_array(buffer["memory"]).reshape(buffer["size"][0], buffer["pitch"])


class _Library:
    def __init__(self, keep: Callable[..., Any], functions: dict[str, Any]) -> None:
        for name, (types, call) in functions.items():
            setattr(self, name, keep(types, call))


class _Cuda:
    """CUDA's functions: what the driver calls them, and what they give and take."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver

    def functions(self) -> dict[str, Any]:
        handle, number = POINTER(c_void_p), POINTER(c_int)
        return {
            "cuInit": ((c_int, c_uint32), lambda flags: None),
            "cuDriverGetVersion": ((c_int, number), self.version),
            "cuDeviceGet": ((c_int, number, c_int), self.device),
            "cuDeviceGetName": ((c_int, c_void_p, c_int, c_int), self.name),
            "cuDeviceGetAttribute": ((c_int, number, c_int, c_int), self.attribute),
            "cuDevicePrimaryCtxRetain": ((c_int, handle, c_int), self.retain),
            "cuDevicePrimaryCtxRelease_v2": ((c_int, c_int), self.release),
            "cuCtxPushCurrent_v2": ((c_int, c_void_p), self.push),
            "cuCtxPopCurrent_v2": ((c_int, handle), self.pop),
            "cuCtxSynchronize": ((c_int,), self.driver.synchronize),
            "cuMemcpyHtoD_v2": ((c_int, c_uint64, c_void_p, c_size_t), self.up),
            "cuMemcpyDtoH_v2": ((c_int, c_void_p, c_uint64, c_size_t), self.down),
        }

    def device(self, out: Any, number: int) -> None:
        if not self.driver.is_present or number:
            raise Refused(100)
        out[0] = 0

    def name(self, text: int, size: int, number: int) -> None:
        ctypes.memmove(text, b"Simulated\0", 10)

    def version(self, out: Any) -> None:
        out[0] = 12040

    def attribute(self, out: Any, which: int, number: int) -> None:
        out[0] = {75: 8, 76: 9}[which]

    def retain(self, out: Any, number: int) -> None:
        self.driver.retained += 1
        out[0] = CONTEXT

    def release(self, number: int) -> None:
        self.driver.retained -= 1

    def push(self, context: int) -> None:
        if context != CONTEXT:
            raise Refused(201)
        self.driver.stack().append(context)

    def pop(self, out: Any) -> None:
        if not self.driver.stack():
            raise Refused(201)
        out[0] = self.driver.stack().pop()

    def up(self, to: int, source: int, size: int) -> None:
        self.driver.demand_context()
        self.driver.memory(to, size)
        ctypes.memmove(to, source, size)

    def down(self, to: int, source: int, size: int) -> None:
        self.driver.demand_context()
        self.driver.memory(source, size)
        ctypes.memmove(to, source, size)


class _OpticalFlow:
    """The entry points of the optical-flow library, and the table that one of them fills in."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver

    def functions(self) -> dict[str, Any]:
        functions = {
            "NvOFAPICreateInstanceCuda": (
                (c_uint32, c_uint32, POINTER(FunctionTable)),
                self.fill,
            ),
            "NvOFGetMaxSupportedApiVersion": ((c_uint32, POINTER(c_uint32)), self.newest),
        }
        if self.driver.version is None:
            del functions["NvOFGetMaxSupportedApiVersion"]
        return functions

    def newest(self, out: Any) -> None:
        out[0] = self.driver.version

    def fill(self, version: int, out: Any) -> None:
        if version > (self.driver.version or 0):
            raise Refused(INVALID_VERSION)
        driver = self.driver
        calls = {
            "create": driver.create_session,
            "init": driver.init,
            "create_buffer": driver.create_buffer,
            "buffer_array": lambda handle: 0,
            "buffer_address": lambda handle: ctypes.addressof(driver.buffers[handle]["memory"]),
            "buffer_strides": self.strides,
            "set_streams": lambda session, inputs, outputs: GENERIC,
            "execute": driver.execute,
            "destroy_buffer": lambda handle: self.forget(driver.buffers, handle),
            "destroy": lambda handle: self.forget(driver.sessions, handle),
            "last_error": driver.words,
            "capabilities": driver.capabilities,
        }
        for name, kind in FunctionTable._fields_:
            types = (kind._restype_, *kind._argtypes_)
            setattr(out[0], name, driver.keep(types, calls[name]))

    def strides(self, handle: int, out: Any) -> None:
        out[0].planes[0].row = self.driver.buffers[handle]["pitch"]
        out[0].count = 1

    def forget(self, kept: dict[int, Any], handle: int) -> None:
        self.driver.demand_context()
        if kept.pop(handle, None) is None:
            raise Refused(INVALID_POINTER)
