"""A session whose inputs and outputs lie in a device's memory."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from edge_vad.backends.base import (
    AnyInput,
    CameraHandle,
    CameraInput,
    ModelInput,
    ModelOutput,
    StageHook,
    no_hook,
)
from edge_vad.backends.bound_states import BoundStates, Values

_TYPES = {
    "tensor(uint8)": np.uint8,
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(bool)": np.bool_,
}

_MOST_SIZES = 8
"""Sizes of batches whose buffers are kept; those of others last until the size changes."""

_NOT_RECORDED = -1
"""What ONNX Runtime takes for a run that is neither recorded nor replayed."""


class _Buffers(NamedTuple):
    """Memory for one size of batch, and the run on it.

    Attributes:
        inputs: Name to buffer, of what comes from the host.
        results: The same for `ModelOutput`, in its order.
        binding: Binds a run to them.
        options: Of the run: names the CUDA graph that is recorded for these buffers.
        states: Two sets for the state of cameras, read and written in turns; none without one.
    """

    inputs: dict[str, Any]
    results: dict[str, Any]
    binding: Any
    options: Any
    states: list[Values]


class BoundSession:
    """Runs a session on buffers that are allocated once for a size of batch, not once a frame.

    The state of cameras of a graph with motion inside stays on the device.

    Args:
        ort: The module `onnxruntime`.
        session: A session of it.
        device: Where the buffers are: `cuda`, or `cpu`.
        states: Keeps the state of cameras on it; None where motion is not inside.
    """

    def __init__(
        self, ort: ModuleType, session: Any, device: str, states: BoundStates | None = None
    ) -> None:
        self._ort = ort
        self._session = session
        self._device = device
        self._states = states
        nodes = {node.name: node for node in session.get_inputs()}
        wanted = CameraInput._fields if states else ModelInput._fields
        self._inputs = {name: nodes[name] for name in wanted if name in nodes}
        outputs = {node.name: node for node in session.get_outputs()}
        self._outputs = {name: outputs[name] for name in ModelOutput._fields if name in outputs}
        self._kept: dict[int, _Buffers] = {}
        self._passing: tuple[int, _Buffers] | None = None

    def run(self, inputs: AnyInput, on_stage: StageHook = no_hook) -> ModelOutput:
        """Score a batch; what it returns lies in the host's memory and stays as it is.

        Args:
            inputs: The batch.
            on_stage: Called after each stage, see `Backend`.
        """
        buffers = self._buffers_for(len(inputs[0]))
        arrays = inputs.tensors
        for name, buffer in buffers.inputs.items():
            buffer.update_inplace(np.ascontiguousarray(arrays[name]))
            # An input that a CPU node reads is copied when it is bound, and then no more: bound
            # once and for all, every frame would look like the first. Otherwise this costs nothing.
            buffers.binding.bind_ortvalue_input(name, buffer)
        if self._states and isinstance(inputs, CameraInput):
            self._states.bind(inputs.cameras, buffers.binding, buffers.states)
        buffers.binding.synchronize_inputs()
        on_stage("host to device")
        self._session.run_with_iobinding(buffers.binding, buffers.options)
        buffers.binding.synchronize_outputs()
        on_stage("compute")
        maps = ModelOutput(*(np.array(result.numpy()) for result in buffers.results.values()))
        on_stage("device to host")
        return maps

    def warm_up(self) -> None:
        """Run one black frame, so that engines and algorithms are chosen now, not live."""
        zeros = {
            name: np.zeros((1, *node.shape[1:]), _TYPES[node.type])
            for name, node in self._inputs.items()
        }
        if self._states:
            self.run(CameraInput(**zeros, cameras=(CameraHandle(),)))
        else:
            self.run(ModelInput(**zeros))

    def close(self) -> None:
        """Give back the buffers."""
        self._kept, self._passing, self._states = {}, None, None

    def _buffers_for(self, batch: int) -> _Buffers:
        if batch in self._kept:
            return self._kept[batch]
        if len(self._kept) < _MOST_SIZES:
            self._kept[batch] = self._allocate(batch, graph=batch)
            return self._kept[batch]
        if self._passing is None or self._passing[0] != batch:
            self._passing = batch, self._allocate(batch, graph=_NOT_RECORDED)
        return self._passing[1]

    def _allocate(self, batch: int, graph: int) -> _Buffers:
        results = self._of_batch(self._outputs, batch)
        binding = self._session.io_binding()
        for name, result in results.items():
            binding.bind_ortvalue_output(name, result)
        options = self._ort.RunOptions()
        options.add_run_config_entry("gpu_graph_id", str(graph))
        states = [self._states.values(batch) for _ in range(2)] if self._states else []
        inputs = self._of_batch(self._inputs, batch)
        return _Buffers(inputs, results, binding, options, states)

    def _of_batch(self, nodes: dict[str, Any], batch: int) -> dict[str, Any]:
        return {
            name: self._made((batch, *node.shape[1:]), _TYPES[node.type])
            for name, node in nodes.items()
        }

    def _made(self, shape: Sequence[int], dtype: Any) -> Any:
        return self._ort.OrtValue.ortvalue_from_shape_and_type(shape, dtype, self._device, 0)
