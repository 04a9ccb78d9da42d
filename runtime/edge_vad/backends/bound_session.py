"""A session whose inputs and outputs lie in a device's memory."""

from __future__ import annotations

from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from edge_vad.backends.base import ModelInput, ModelOutput, StageHook, no_hook

_TYPES = {"tensor(uint8)": np.uint8, "tensor(float)": np.float32, "tensor(float16)": np.float16}

_MOST_SIZES = 8
"""Sizes of batches whose buffers are kept; those of others last until the size changes."""

_NOT_RECORDED = -1
"""What ONNX Runtime takes for a run that is neither recorded nor replayed."""


class _Buffers(NamedTuple):
    """Memory for one size of batch, and the run on it.

    Attributes:
        inputs: Name to buffer.
        results: The same for `ModelOutput`, in its order.
        binding: Binds a run to them.
        options: Of the run: names the CUDA graph that is recorded for these buffers.
    """

    inputs: dict[str, Any]
    results: dict[str, Any]
    binding: Any
    options: Any


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
        self._outputs = {name: outputs[name] for name in ModelOutput._fields if name in outputs}
        self._kept: dict[int, _Buffers] = {}
        self._passing: tuple[int, _Buffers] | None = None

    def run(self, inputs: ModelInput, on_stage: StageHook = no_hook) -> ModelOutput:
        """Score a batch; what it returns lies in the host's memory and stays as it is.

        Args:
            inputs: The batch.
            on_stage: Called after each stage, see `Backend`.
        """
        buffers = self._buffers_for(len(inputs[0]))
        arrays = inputs._asdict()
        for name, buffer in buffers.inputs.items():
            buffer.update_inplace(np.ascontiguousarray(arrays[name]))
            # An input that a CPU node reads is copied when it is bound, and then no more: bound
            # once and for all, every frame would look like the first. Otherwise this costs nothing.
            buffers.binding.bind_ortvalue_input(name, buffer)
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
        shapes = {name: (1, *node.shape[1:]) for name, node in self._inputs.items()}
        self.run(
            ModelInput(*(np.zeros(shapes[name], self._type(name)) for name in ModelInput._fields))
        )

    def close(self) -> None:
        """Give back the buffers."""
        self._kept, self._passing = {}, None

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
        results = {name: self._empty(node, batch) for name, node in self._outputs.items()}
        binding = self._session.io_binding()
        for name, result in results.items():
            binding.bind_ortvalue_output(name, result)
        options = self._ort.RunOptions()
        options.add_run_config_entry("gpu_graph_id", str(graph))
        inputs = {name: self._empty(node, batch) for name, node in self._inputs.items()}
        return _Buffers(inputs, results, binding, options)

    def _empty(self, node: Any, batch: int) -> Any:
        return self._ort.OrtValue.ortvalue_from_shape_and_type(
            [batch, *node.shape[1:]], _TYPES[node.type], self._device, 0
        )

    def _type(self, name: str) -> Any:
        return _TYPES[self._inputs[name].type]
