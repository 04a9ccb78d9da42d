"""pycuda on a simulated device: every call wants a context that is current."""

from __future__ import annotations

from contextlib import suppress
from types import ModuleType

import numpy as np
from simulated_cuda import Device, Refused


class Error(Exception):
    """What pycuda raises."""


class Context:
    """The primary context, current where it was pushed."""

    stack: list[Context] = []  # noqa: RUF012 - of the whole process, as pycuda's

    def push(self) -> None:
        self.stack.append(self)

    def detach(self) -> None:
        self.stack[:] = [each for each in self.stack if each is not self]

    @staticmethod
    def pop() -> None:
        Context.demand()
        Context.stack.pop()

    @staticmethod
    def demand() -> None:
        if not Context.stack:
            raise Error("invalid device context")


def refusable(function):
    def call(*arguments):
        Context.demand()
        try:
            return function(*arguments)
        except Refused as refusal:
            raise Error(str(refusal)) from None

    return call


class Allocation:
    """Memory that is freed by hand."""

    def __init__(self, device: Device, size: int, *, is_pinned: bool = False) -> None:
        self._device, self._is_pinned = device, is_pinned
        self.address = device.allocate(size, is_pinned=is_pinned)

    def __int__(self) -> int:
        return self.address

    def free(self) -> None:
        refusable(lambda: self._device.free(self.address, is_pinned=self._is_pinned))()


class PinnedArray(np.ndarray):
    """Its base is the allocation, as pycuda's is."""

    allocation: Allocation

    @property
    def base(self):
        return self.allocation


class Stream:
    """A stream that goes when nobody holds it."""

    def __init__(self, device: Device) -> None:
        Context.demand()
        self._device = device
        self.handle = device.make_stream()

    def synchronize(self) -> None:
        refusable(self._device.synchronize)(self.handle)

    def __del__(self) -> None:
        with suppress(Refused):
            self._device.destroy(self.handle, self._device.streams)


def copies(device: Device):
    """The calls that copy, by name."""

    def upload(to, array, stream):
        device.copy(to, array.ctypes.data, array.nbytes, stream.handle, way="up")

    def download(array, source, stream):
        device.copy(array.ctypes.data, source, array.nbytes, stream.handle, way="down")

    def within(to, source, size, stream):
        device.copy(to, source, size, stream.handle, way="within")

    return {
        "memcpy_htod_async": upload,
        "memcpy_dtoh_async": download,
        "memcpy_dtod_async": within,
    }


def pycuda(device: Device) -> dict[str, ModuleType]:
    """The modules, by name."""

    class PyDevice:
        def __init__(self, number: int) -> None:
            if not device.is_present or number != 0:
                raise Error("invalid device ordinal")

        def retain_primary_context(self) -> Context:
            return Context()

    def pagelocked_empty(shape, dtype):
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        allocation = Allocation(device, size, is_pinned=True)
        memory = device.host_memory[allocation.address]
        array = np.ctypeslib.as_array(memory).view(dtype).reshape(shape).view(PinnedArray)
        array.allocation = allocation
        return array

    driver = ModuleType("pycuda.driver")
    names = {
        "Error": Error,
        "Context": Context,
        "Device": PyDevice,
        "Stream": lambda: Stream(device),
        "init": lambda: None,
        "mem_alloc": refusable(lambda size: Allocation(device, size)),
        "pagelocked_empty": refusable(pagelocked_empty),
        **{name: refusable(copy) for name, copy in copies(device).items()},
    }
    for name, value in names.items():
        setattr(driver, name, value)
    package = ModuleType("pycuda")
    package.driver = driver
    return {"pycuda": package, "pycuda.driver": driver}
