"""Runs engines on TensorRT or TensorRT-RTX."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_vad import engine_file
from edge_vad.backends.base import AnyInput, Backend, CameraInput, ModelOutput, with_motion
from edge_vad.backends.cuda import open_cuda
from edge_vad.backends.device_states import DeviceStates
from edge_vad.backends.tensorrt_library import Library, Messages, load_library, sizes_of
from edge_vad.device.fingerprint import DeviceFingerprint, read_fingerprint
from edge_vad.device.tensorrt import Target
from edge_vad.errors import BadModel, Unavailable, WrongUse
from edge_vad.installed import ENGINE_BUILDERS, provided
from edge_vad.scene_model import SceneModel

if TYPE_CHECKING:
    import tensorrt as trt


class Tensor(NamedTuple):
    """An input or output of an engine, with memory for its largest batch.

    Attributes:
        name: Its name in the graph.
        shape: Of one frame.
        address: Device memory for the largest batch.
        is_input: Whether the graph reads it.
        host: Pinned memory, (largest batch, ...); None of what stays on the device.
    """

    name: str
    shape: tuple[int, ...]
    address: int
    is_input: bool
    host: NDArray[Any] | None

    @property
    def on_host(self) -> NDArray[Any]:
        """Its pinned memory."""
        assert self.host is not None  # noqa: S101 - asked of what comes and goes alone
        return self.host


class TensorRtBackend(Backend):
    """An engine on an NVIDIA GPU: one context, one stream.

    All memory, on the device and pinned, is allocated when the engine is loaded, but for the state
    of cameras that an engine keeps which measures motion; that never leaves the device. Where
    shapes stay the same the work of a frame is one CUDA graph. What `infer` gives is copied out of
    the pinned memory, for a detection outlives the next frame. Calls from several threads wait for
    each other.

    Args:
        model: The scene model that the engine was built from.
        target: What runs the engine.
        cuda: The package that reaches CUDA, one of `cuda.PACKAGES`.
        engine: The engine; the one beside the scene model for this device when None.
        rebuild: Build the engine anew where it does not belong here or is missing.

    Raises:
        Unavailable: TensorRT, CUDA or a GPU is not on this machine.
        BadModel: There is no engine, or it was built for another device, by another version, from
            another ONNX file, or is broken.
    """

    def __init__(
        self,
        model: SceneModel,
        target: Target = "tensorrt",
        *,
        cuda: str = "cuda-bindings",
        engine: Path | None = None,
        rebuild: bool = False,
    ) -> None:
        library = load_library(target)
        device = _this_device(target)
        if rebuild:
            _rebuild(model.path, target, engine)
        path = engine or engine_file.engine_path(model.path, target, device)
        _, content = engine_file.admit(path, model.path, device)
        self.name = "tensorrt" if target == "tensorrt" else "tensorrt-rtx"
        self.device = device.gpu or f"compute capability {device.compute_capability}"
        self._card = model.card
        self.motion_inside = model.card.motion_inside is not None
        state = {name for each in model.card.state for name in (each.input, each.output)}
        self._results = tuple(name for name in model.card.outputs if name not in state)
        self._state_names = frozenset(state)
        self._turn = threading.Lock()
        self._messages = Messages(library)
        self._cuda = open_cuda(cuda)
        self._tensors: dict[str, Tensor] = {}
        self._batch = 0
        self._launch: Callable[[], None] = self._enqueue
        try:
            self._load(library, content, path)
            self._check_shapes(model)
            self._states = DeviceStates(
                self._cuda,
                model.card.state,
                {each.name: self._tensors[each.input].address for each in model.card.state},
            )
        except BaseException:
            self.close()
            raise

    def infer(self, inputs: AnyInput) -> ModelOutput:
        """Score a batch; see `Backend.infer`.

        The copies to and from the device are in one CUDA graph with the computing, so `compute` has
        them; the stages before and after it are the copies to and from pinned memory.

        Raises:
            WrongUse: The batch is smaller or larger than the engine was built for.
            Unavailable: TensorRT or CUDA failed.
        """
        with self._turn:
            if self._context is None:
                raise WrongUse("the engine was closed", "load it again")
            batch = len(inputs.frame)
            self._check_batch(batch)
            if not self.motion_inside:
                inputs = with_motion(inputs)
            if batch != self._batch:
                self._prepare(batch)
            for name, array in inputs.tensors.items():
                self._tensors[name].on_host[:batch] = array
            if isinstance(inputs, CameraInput):
                self._states.seat(inputs.cameras)
            self.on_stage("host to device")
            self._launch()
            self._cuda.synchronize()
            self.on_stage("compute")
            maps = ModelOutput(
                *(self._tensors[name].on_host[:batch].copy() for name in self._results)
            )
            self.on_stage("device to host")
            return maps

    def close(self) -> None:
        """Give back the device's memory; harmless when called twice."""
        with self._turn:
            # TensorRT's objects go before the memory that they look at.
            self._context = self._engine = self._runtime = None
            self._launch = self._enqueue
            self._tensors.clear()
            self._cuda.close()

    _context: trt.IExecutionContext | None = None
    _engine: trt.ICudaEngine | None = None
    _runtime: trt.Runtime | None = None

    def _load(self, library: Library, content: bytes, path: Path) -> None:
        if not TYPE_CHECKING:
            trt = library.api
        self._runtime = trt.Runtime(self._messages.logger)
        engine = self._runtime.deserialize_cuda_engine(content)
        context = engine.create_execution_context() if engine else None
        if engine is None or context is None:
            raise BadModel(
                f"{path} cannot be loaded ({self._messages.last_error})",
                "build it again with edge-vad export SCENE.onnx --engine",
            )
        self._engine, self._context = engine, context
        self._bind(engine, context, _numpy_types(library))

    def _bind(
        self,
        engine: trt.ICudaEngine,
        context: trt.IExecutionContext,
        types: dict[trt.DataType, Any],
    ) -> None:
        """Allocate memory for every input and output, and tell the context where it is."""
        names = [engine.get_tensor_name(index) for index in range(engine.num_io_tensors)]
        inputs = [name for name in names if name in self._card.inputs]
        if not inputs:
            raise BadModel("the engine takes nothing that a scene gives", _EXPORT_AGAIN)
        profile = engine.get_tensor_profile_shape(inputs[0], 0)
        self._batches = range(profile[0][0], profile[2][0] + 1)
        self.largest_batch = profile[2][0]
        for name in names:
            shape = sizes_of(engine.get_tensor_shape(name))[1:]
            every, dtype = (self._batches[-1], *shape), types[engine.get_tensor_dtype(name)]
            stays = name in self._state_names
            host = None if stays else self._cuda.pinned(every, dtype)
            address = self._cuda.allocate(int(np.prod(every)) * np.dtype(dtype).itemsize)
            if not context.set_tensor_address(name, address):
                raise self._failure()
            self._tensors[name] = Tensor(name, shape, address, name in inputs, host)

    def _check_batch(self, batch: int) -> None:
        if batch not in self._batches:
            raise WrongUse(
                f"the engine takes {self._batches[0]} to {self._batches[-1]} frames at once, "
                f"not {batch}",
                f"build it with --batch 1:{batch}:{batch}",
            )

    def _prepare(self, batch: int) -> None:
        """Set the shapes of a batch; from then on its work is one CUDA graph, if that can be."""
        assert self._context  # noqa: S101 - infer has looked
        self._states.unseat()  # the first run changes what lies in the input
        for tensor in self._tensors.values():
            shape = (batch, *tensor.shape)
            if tensor.is_input and not self._context.set_input_shape(tensor.name, shape):
                raise self._failure()
            if tensor.is_input and tensor.host is not None:
                tensor.host[:batch] = 0  # nobody's frames: what the first run gives is for nobody
        self._batch = batch
        self._enqueue()  # TensorRT finishes its preparations in the first run
        self._cuda.synchronize()
        self._launch = self._cuda.record(self._enqueue) or self._enqueue

    def _enqueue(self) -> None:
        """Put the work of one batch on the stream."""
        assert self._context  # noqa: S101 - infer has looked
        for tensor in self._tensors.values():
            if tensor.is_input and tensor.host is not None:
                self._cuda.upload(tensor.address, tensor.host[: self._batch])
        if not self._context.execute_async_v3(self._cuda.stream):
            raise self._failure()
        for each in self._card.state:
            last, after = self._tensors[each.input], self._tensors[each.output]
            self._cuda.copy(last.address, after.address, self._batch * each.size)
        for name in self._results:
            tensor = self._tensors[name]
            self._cuda.download(tensor.on_host[: self._batch], tensor.address)

    def _failure(self) -> Unavailable:
        return Unavailable(
            f"TensorRT could not run the engine ({self._messages.last_error})",
            "see that the GPU works (nvidia-smi) and memory is free, and build the engine again",
        )

    def _check_shapes(self, model: SceneModel) -> None:
        card = model.card
        expected = {
            **card.inputs,
            "anomaly_map": (card.grid.rows, card.grid.columns),
            **dict.fromkeys(self._results[1:], ()),
            **{each.output: each.shape for each in card.state},
        }
        found = {name: tensor.shape for name, tensor in self._tensors.items()}
        if any(found.get(name) != shape for name, shape in expected.items()):
            raise BadModel(f"the engine's shapes do not fit the scene {model.path}", _EXPORT_AGAIN)


_EXPORT_AGAIN = "write the scene again with edge-vad export"


def _this_device(target: Target) -> DeviceFingerprint:
    """This machine, when it has a GPU.

    Raises:
        Unavailable: It has none; without one the deserialiser may crash.
    """
    device = read_fingerprint()
    if device.compute_capability is None:
        raise Unavailable(
            "there is no GPU here that CUDA can use",
            "see that the NVIDIA driver is installed (nvidia-smi), or use --backend onnxruntime",
        )
    return engine_file.relevant(target, device)


def _rebuild(onnx: Path, target: Target, engine: Path | None) -> None:
    """Build an engine where it is missing or does not belong here."""
    provided(ENGINE_BUILDERS, target).load()(onnx, target, engine)


def _numpy_types(library: Library) -> dict[trt.DataType, Any]:
    if not TYPE_CHECKING:
        trt = library.api
    return {
        trt.DataType.FLOAT: np.float32,
        trt.DataType.HALF: np.float16,
        trt.DataType.INT8: np.int8,
        trt.DataType.INT32: np.int32,
        trt.DataType.INT64: np.int64,
        trt.DataType.BOOL: np.bool_,
        trt.DataType.UINT8: np.uint8,
    }
