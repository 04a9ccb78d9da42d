"""A session whose inputs and outputs lie in a device's memory."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

from edge_vad.backends.base import Inputs, Maps, Mark, unmarked

_TYPES = {"tensor(uint8)": np.uint8, "tensor(float)": np.float32, "tensor(float16)": np.float16}


class BoundSession:
    """Runs a session on buffers that are allocated once for a size of batch, not once a frame.

    Args:
        ort: The module `onnxruntime`.
        session: A session of it.
        device: Where the buffers are: `cuda`, or `cpu`.
    """

    def __init__(self, ort: ModuleType, session: Any, device: str) -> None:
        self._ort = ort
        self._session = session
        self._device = device
        self._inputs = {node.name: node for node in session.get_inputs()}
        outputs = {node.name: node for node in session.get_outputs()}
        self._outputs = {name: outputs[name] for name in Maps._fields}
        self._buffers: dict[str, Any] = {}
        self._results: dict[str, Any] = {}
        self._binding: Any = None
        self._batch = 0

    def run(self, inputs: Inputs, mark: Mark = unmarked) -> Maps:
        """Score a batch; what it returns lies in the host's memory and stays as it is.

        Args:
            inputs: The batch.
            mark: Told after each stage, see `Backend`.
        """
        batch = len(inputs[0])
        if batch != self._batch:
            self._allocate(batch)
        arrays = inputs._asdict()
        for name, buffer in self._buffers.items():
            buffer.update_inplace(np.ascontiguousarray(arrays[name]))
            # An input that a CPU node reads is copied when it is bound, and then no more: bound
            # once and for all, every frame would look like the first. Otherwise this costs nothing.
            self._binding.bind_ortvalue_input(name, buffer)
        self._binding.synchronize_inputs()
        mark("host to device")
        self._session.run_with_iobinding(self._binding)
        self._binding.synchronize_outputs()
        mark("compute")
        maps = Maps(*(np.array(result.numpy()) for result in self._results.values()))
        mark("device to host")
        return maps

    def warm_up(self) -> None:
        """Run one black frame, so that engines and algorithms are chosen now, not live."""
        shapes = {name: (1, *node.shape[1:]) for name, node in self._inputs.items()}
        self.run(Inputs(*(np.zeros(shapes[name], self._type(name)) for name in Inputs._fields)))

    def close(self) -> None:
        """Give back the buffers."""
        self._batch = 0
        self._buffers, self._results, self._binding = {}, {}, None

    def _allocate(self, batch: int) -> None:
        self._buffers = {name: self._empty(node, batch) for name, node in self._inputs.items()}
        self._results = {name: self._empty(node, batch) for name, node in self._outputs.items()}
        self._binding = self._session.io_binding()
        for name, result in self._results.items():
            self._binding.bind_ortvalue_output(name, result)
        self._batch = batch

    def _empty(self, node: Any, batch: int) -> Any:
        return self._ort.OrtValue.ortvalue_from_shape_and_type(
            [batch, *node.shape[1:]], _TYPES[node.type], self._device, 0
        )

    def _type(self, name: str) -> Any:
        return _TYPES[self._inputs[name].type]
