"""The state of cameras between frames, in the memory of a device."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary, finalize, ref

import numpy as np
from numpy.typing import NDArray

from edge_vad.backends.base import CameraHandle
from edge_vad.backends.camera_states import refuse_twice
from edge_vad.backends.cuda import Cuda
from edge_vad.motion.state import StateTensor

Home = Mapping[str, int]
"""Where the state of a camera lies while it is not in the batch: name of the tensor to address."""


class DeviceStates:
    """Sees to it that an engine finds the state of the cameras in its batch, in their order.

    The state of the cameras of the last batch stays in the engine's own input, for the graph puts
    it there. Only where other cameras come, or in another order, is it moved, within the device.

    Args:
        cuda: The device.
        tensors: Of a camera's state.
        inputs: Name of a tensor to the address of the engine's input, rows one after the other.
    """

    def __init__(
        self, cuda: Cuda, tensors: Sequence[StateTensor], inputs: Mapping[str, int]
    ) -> None:
        self._cuda, self._tensors, self._inputs = cuda, tensors, inputs
        self._zeros: NDArray[np.uint8] | None = None
        self._homes: WeakKeyDictionary[CameraHandle, Home] = WeakKeyDictionary()
        self._free: list[Home] = []
        self._seated: list[ref[CameraHandle]] = []

    def seat(self, cameras: Sequence[CameraHandle]) -> None:
        """Put the state of cameras where the engine reads it; a new camera's is zero.

        Raises:
            WrongUse: A camera comes twice.
            Unavailable: There is no memory.
        """
        refuse_twice(cameras)
        if [each() for each in self._seated] == list(cameras):
            return
        self.unseat()
        for row, camera in enumerate(cameras):
            home = self._homes.get(camera) or self._settle(camera)
            for each in self._tensors:
                self._cuda.copy(self._row(each, row), home[each.name], each.size)
        self._seated = [ref(camera) for camera in cameras]

    def unseat(self) -> None:
        """Bring the state of the last batch's cameras home, before the engine's input is lost."""
        for row, seated in enumerate(self._seated):
            camera = seated()
            if camera is not None:
                for each in self._tensors:
                    home = self._homes[camera][each.name]
                    self._cuda.copy(home, self._row(each, row), each.size)
        self._seated = []

    def _row(self, tensor: StateTensor, row: int) -> int:
        return self._inputs[tensor.name] + row * tensor.size

    def _settle(self, camera: CameraHandle) -> Home:
        """A home for a new camera: one that was left, or a new one."""
        home = self._free.pop() if self._free else self._allocated()
        for each in self._tensors:
            self._cuda.upload(home[each.name], self._blank()[: each.size])
        self._homes[camera] = home
        finalize(camera, self._free.append, home).atexit = False
        return home

    def _allocated(self) -> Home:
        return {each.name: self._cuda.allocate(each.size) for each in self._tensors}

    def _blank(self) -> NDArray[Any]:
        if self._zeros is None:
            self._zeros = self._cuda.pinned((max(each.size for each in self._tensors),), np.uint8)
            self._zeros[:] = 0
        return self._zeros
