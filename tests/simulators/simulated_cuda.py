"""CUDA without a GPU: the calls that the runtime makes, on memory of the host.

Work on a stream waits until the stream is synchronised, as on a GPU that is slow; who reads a
result too early reads what was there before. What CUDA refuses is refused here with CUDA's codes:
memory that is not allocated or freed already, copies beyond its end, host memory that is not
pinned, dead streams and graphs, and calls that may not be made while a graph is captured.
"""

from __future__ import annotations

import ctypes
import itertools
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulated_state import StateWatch

INVALID_VALUE, NO_DEVICE, INVALID_HANDLE = 1, 100, 400
CAPTURE_UNSUPPORTED, CAPTURE_INVALIDATED = 900, 901
SAID = {
    0: "no error",
    INVALID_VALUE: "invalid argument",
    NO_DEVICE: "no CUDA-capable device is detected",
    INVALID_HANDLE: "invalid resource handle",
    CAPTURE_UNSUPPORTED: "operation not permitted when stream is capturing",
    CAPTURE_INVALIDATED: "operation failed due to a previous error during capture",
}


class Refused(Exception):
    """CUDA says no, with a code."""

    def __init__(self, code: int) -> None:
        super().__init__(SAID[code])
        self.code = code


class Stream:
    """A queue of work, and of what is being captured."""

    def __init__(self) -> None:
        self.queue: list[Callable[[], None]] = []
        self.captured: list[Callable[[], None]] | None = None
        self.is_broken = False

    def put(self, work: Callable[[], None]) -> None:
        (self.queue if self.captured is None else self.captured).append(work)


class Device:
    """One device: its memory, streams and graphs.

    Attributes:
        allocations: How often memory was allocated, on the device or pinned.
        launches: How often a graph was launched.
        copied: Bytes that were copied each way: `up`, `down` or `within`.
        synchronised: Told whenever the stream was waited for.
        watch: Follows what is copied and run, where it is set.
    """

    def __init__(self) -> None:
        self.is_present = True
        self.allocations = 0
        self.launches = 0
        self.copied: Counter[str] = Counter()
        self.synchronised: list[Callable[[], None]] = []
        self.watch: StateWatch | None = None
        self.device_memory: dict[int, ctypes.Array[ctypes.c_uint8]] = {}
        self.host_memory: dict[int, ctypes.Array[ctypes.c_uint8]] = {}
        self.streams: dict[int, Stream] = {}
        self.graphs: dict[int, list[Callable[[], None]]] = {}
        self._handles = itertools.count(0x1000)

    @property
    def live(self) -> int:
        """How many allocations, streams and graphs have not been given back."""
        return sum(map(len, (self.device_memory, self.host_memory, self.streams, self.graphs)))

    def allocate(self, size: int, *, is_pinned: bool = False) -> int:
        self.demand_no_capture()
        if size <= 0:
            raise Refused(INVALID_VALUE)
        memory = (ctypes.c_uint8 * size)(*([0xAB] * min(size, 64)))
        address = ctypes.addressof(memory)
        (self.host_memory if is_pinned else self.device_memory)[address] = memory
        self.allocations += 1
        return address

    def free(self, address: int, *, is_pinned: bool = False) -> None:
        memory = self.host_memory if is_pinned else self.device_memory
        if address not in memory:
            raise Refused(INVALID_VALUE)
        del memory[address]

    def demand(self, address: int, size: int, *, is_pinned: bool = False) -> None:
        """See to it that a range lies in memory that is allocated."""
        memory = self.host_memory if is_pinned else self.device_memory
        if not any(
            base <= address and address + size <= base + len(content)
            for base, content in memory.items()
        ):
            raise Refused(INVALID_VALUE)

    def make_stream(self) -> int:
        if not self.is_present:
            raise Refused(NO_DEVICE)
        handle = next(self._handles)
        self.streams[handle] = Stream()
        return handle

    def stream(self, handle: int) -> Stream:
        if int(handle) not in self.streams:
            raise Refused(INVALID_HANDLE)
        return self.streams[int(handle)]

    def copy(self, to: int, source: int, size: int, handle: int, *, way: str) -> None:
        """Copy, `way` being `up` to the device, `down` from it, or `within` it."""
        stream = self.stream(handle)
        self.demand(to, size, is_pinned=way == "down")
        self.demand(source, size, is_pinned=way == "up")

        def work() -> None:
            self.copied[way] += size
            ctypes.memmove(to, source, size)
            if self.watch:
                self.watch.copied(to, source, size, way)

        stream.put(work)

    def synchronize(self, handle: int) -> None:
        stream = self.stream(handle)
        if stream.captured is not None:
            stream.is_broken = True
            raise Refused(CAPTURE_UNSUPPORTED)
        while stream.queue:
            stream.queue.pop(0)()
        for told in self.synchronised:
            told()

    def begin_capture(self, handle: int) -> None:
        stream = self.stream(handle)
        if stream.captured is not None:
            raise Refused(INVALID_VALUE)
        stream.captured, stream.is_broken = [], False

    def end_capture(self, handle: int) -> int:
        stream = self.stream(handle)
        if stream.captured is None:
            raise Refused(INVALID_VALUE)
        work, stream.captured = stream.captured, None
        if stream.is_broken:
            raise Refused(CAPTURE_INVALIDATED)
        graph = next(self._handles)
        self.graphs[graph] = work
        return graph

    def instantiate(self, graph: int) -> int:
        executable = next(self._handles)
        self.graphs[executable] = self.graphs[graph]
        return executable

    def launch(self, graph: int, handle: int) -> None:
        if graph not in self.graphs:
            raise Refused(INVALID_HANDLE)
        self.stream(handle).queue += self.graphs[graph]
        self.launches += 1

    def destroy(self, handle: int, kept: dict[int, object]) -> None:
        if int(handle) not in kept:
            raise Refused(INVALID_HANDLE)
        del kept[int(handle)]

    def demand_no_capture(self) -> None:
        for stream in self.streams.values():
            if stream.captured is not None:
                stream.is_broken = True
                raise Refused(CAPTURE_UNSUPPORTED)
