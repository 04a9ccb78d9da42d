"""The state of cameras between frames, as values of ONNX Runtime in the memory of a device."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any
from weakref import ref

import numpy as np

from edge_vad.backends.base import CameraHandle
from edge_vad.backends.camera_states import refuse_twice
from edge_vad.motion.state import StateTensor
from edge_vad.onnx_file import writer

Values = Mapping[str, Any]
"""Name of a state's tensor to a value of ONNX Runtime, rows of cameras one after the other."""


class BoundStates:
    """Sees to it that a graph finds the state of the cameras in its batch, in their order.

    The graph reads one set of values and writes another, which it reads at the next frame. Only
    where other cameras come, or in another order, are rows gathered, by a small graph on the
    device. The first of the rows that wait is of zeros, for cameras that are new.

    Args:
        ort: The module `onnxruntime`.
        device: Where the values are: `cuda`, or `cpu`.
        tensors: Of a camera's state.
        open_session: Opens a graph on the device.
    """

    def __init__(
        self,
        ort: ModuleType,
        device: str,
        tensors: Sequence[StateTensor],
        open_session: Callable[[bytes], Any],
    ) -> None:
        self._ort, self._device, self._tensors = ort, device, tensors
        self._gather = open_session(_gathering(tensors))
        self._waiting: list[ref[CameraHandle] | None] = [None]
        self._rest = self.values(1)
        for each in tensors:
            self._rest[each.name].update_inplace(np.zeros((1, *each.shape), each.dtype))
        self._seated: list[ref[CameraHandle]] = []
        self._now = self._rest

    def values(self, batch: int) -> Values:
        """A set of values for so many cameras; what is in them is not said."""
        make = self._ort.OrtValue.ortvalue_from_shape_and_type
        return {
            each.name: make((batch, *each.shape), each.dtype, self._device, 0)
            for each in self._tensors
        }

    def bind(self, cameras: Sequence[CameraHandle], binding: Any, sets: Sequence[Values]) -> None:
        """Bind the state of cameras to a run, and where it is to write what follows.

        Args:
            cameras: Those of the batch.
            binding: Of the run.
            sets: Two sets of values for such a batch, the same at every call.

        Raises:
            WrongUse: A camera comes twice.
        """
        refuse_twice(cameras)
        is_first = self._now is sets[0]
        stays = is_first or self._now is sets[1]
        if not stays or [each() for each in self._seated] != list(cameras):
            is_first = not is_first
            self._seat(cameras, sets[0 if is_first else 1])
        read, written = sets if is_first else (sets[1], sets[0])
        for each in self._tensors:
            binding.bind_ortvalue_input(each.input, read[each.name])
            binding.bind_ortvalue_output(each.output, written[each.name])
        self._now = written

    def _seat(self, cameras: Sequence[CameraHandle], to: Values) -> None:
        """Gather the rows of cameras, and apart those of all others that are still there."""
        handles = [*self._waiting, *self._seated]
        known = [each and each() for each in handles]
        rows = [known.index(camera) if camera in known else 0 for camera in cameras]
        kept = [0]
        kept += [row for row, each in enumerate(known) if each and each not in cameras]
        self._rest = self._gathered(rows, kept, to)
        self._waiting = [handles[row] for row in kept]
        self._seated = [ref(camera) for camera in cameras]

    def _gathered(self, rows: list[int], kept: list[int], to: Values) -> Values:
        binding, rest = self._gather.io_binding(), self.values(len(kept))
        for name, numbers in (("rows", rows), ("kept", kept)):
            binding.bind_cpu_input(name, np.array(numbers, np.int64))
        for name in to:
            binding.bind_ortvalue_input(f"rest_{name}", self._rest[name])
            binding.bind_ortvalue_input(f"now_{name}", self._now[name])
            binding.bind_ortvalue_output(f"rows_{name}", to[name])
            binding.bind_ortvalue_output(f"kept_{name}", rest[name])
        binding.synchronize_inputs()
        self._gather.run_with_iobinding(binding)
        binding.synchronize_outputs()
        return rest


def _gathering(tensors: Sequence[StateTensor]) -> bytes:
    """A graph that picks rows out of two sets of states, twice."""
    inputs = [writer.value(picked, "int64", [picked]) for picked in ("rows", "kept")]
    nodes, outputs = [], []
    for each in tensors:
        name, kind = each.name, np.dtype(each.dtype).name
        both = [f"rest_{name}", f"now_{name}"]
        inputs += [writer.value(way, kind, [way, *each.shape]) for way in both]
        nodes.append(writer.node("Concat", both, name, axis=0))
        for picked in ("rows", "kept"):
            made = f"{picked}_{name}"
            nodes.append(writer.node("Gather", [name, picked], made, axis=0))
            outputs.append(writer.value(made, kind, [picked, *each.shape]))
    return writer.model(nodes, inputs, outputs)
