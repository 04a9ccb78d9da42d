"""TensorRT without a GPU: the calls that the runtime makes, answered by ONNX Runtime.

An engine is a header and an ONNX graph. What TensorRT refuses is refused here: an engine that is
none, a tensor that it does not know, an address that is not set or was freed, a shape outside of
the profile, a run before all shapes are known, a capture before the first run, and a second thread
while the first one's work is not done. As there, a refusal is False and a message to the logger.
"""

from __future__ import annotations

import ctypes
import json
import threading
from enum import Enum
from types import ModuleType, SimpleNamespace

import numpy as np
import onnxruntime as ort
from simulated_cuda import Device, Refused

MAGIC = b"simulated engine\n"


class Severity(Enum):
    INTERNAL_ERROR = 0
    ERROR = 1
    WARNING = 2
    INFO = 3
    VERBOSE = 4


class ILogger:
    Severity = Severity

    def __init__(self) -> None:
        self.is_made = True


class DataType(Enum):
    FLOAT = "tensor(float)"
    HALF = "tensor(float16)"
    INT8 = "tensor(int8)"
    INT32 = "tensor(int32)"
    INT64 = "tensor(int64)"
    BOOL = "tensor(bool)"
    UINT8 = "tensor(uint8)"


class Dims(tuple):
    __slots__ = ()


def serialise(onnx: bytes, batches: tuple[int, int, int] = (1, 1, 1)) -> bytes:
    """An engine of an ONNX graph, for batches from the first to the last."""
    return MAGIC + json.dumps(batches).encode() + b"\n" + onnx


class Context:
    """An execution context."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._addresses: dict[str, int] = {}
        self._shapes: dict[str, tuple[int, ...]] = {}
        self._has_run = False
        self._at_work: int | None = None
        engine.device.synchronised.append(self._rest)

    def set_tensor_address(self, name: str, address: int) -> bool:
        if name not in self._engine.tensors:
            return self._engine.refuse(f"setTensorAddress: given invalid tensor name: {name}")
        self._addresses[name] = address
        return True

    def set_input_shape(self, name: str, shape: tuple[int, ...] | list[int]) -> bool:
        if not isinstance(shape, (tuple, list)):
            raise TypeError("set_input_shape(): incompatible function arguments")
        node = self._engine.tensors.get(name)
        if node is None or name not in self._engine.inputs:
            return self._engine.refuse(f"setInputShape: {name} is no input")
        smallest, _, largest = self._engine.batches
        if not smallest <= shape[0] <= largest or list(shape[1:]) != node.shape[1:]:
            return self._engine.refuse(f"setInputShape: {tuple(shape)} is not in the profile")
        if self._shapes.get(name) != tuple(shape):
            self._has_run = False
        self._shapes[name] = tuple(shape)
        return True

    def execute_async_v3(self, handle: int) -> bool:
        try:
            stream = self._engine.device.stream(handle)
            self._demand_ready(is_captured=stream.captured is not None)
        except (Refused, ValueError) as refusal:
            stream = self._engine.device.streams.get(handle)
            if stream:
                stream.is_broken = True
            return self._engine.refuse(f"enqueueV3: {refusal}")
        self._has_run = True
        if stream.captured is None:
            self._at_work = threading.get_ident()
        shapes, addresses = dict(self._shapes), dict(self._addresses)
        stream.put(lambda: self._compute(shapes, addresses))
        return True

    def _demand_ready(self, *, is_captured: bool) -> None:
        if self._at_work not in (None, threading.get_ident()):
            raise ValueError("another thread is in this context")
        for name in self._engine.inputs:
            if name not in self._shapes:
                raise ValueError(f"the shape of {name} is not set")
        if is_captured and not self._has_run:
            raise ValueError("a new shape must run once before it is captured")
        for name, size in self._engine.sizes(self._batch).items():
            if name not in self._addresses:
                raise ValueError(f"the address of {name} is not set")
            self._engine.device.demand(self._addresses[name], size)

    @property
    def _batch(self) -> int:
        (batch,) = {shape[0] for shape in self._shapes.values()}
        return batch

    def _compute(self, shapes: dict[str, tuple[int, ...]], addresses: dict[str, int]) -> None:
        engine = self._engine
        given = {}
        for name, shape in shapes.items():
            kind = engine.numpy_type(name)
            size = int(np.prod(shape)) * kind.itemsize
            engine.device.demand(addresses[name], size)
            content = ctypes.string_at(addresses[name], size)
            given[name] = np.frombuffer(content, kind).reshape(shape)
        watch = engine.device.watch
        if watch:
            watch.before(addresses, given)
        found = dict(zip(engine.outputs, engine.session.run(engine.outputs, given), strict=True))
        for name, array in found.items():
            engine.device.demand(addresses[name], array.nbytes)
            ctypes.memmove(addresses[name], np.ascontiguousarray(array).ctypes.data, array.nbytes)
        if watch:
            watch.after(addresses, given, found)

    def _rest(self) -> None:
        self._at_work = None


class Engine:
    """A deserialised engine."""

    def __init__(self, content: bytes, device: Device, logger: ILogger) -> None:
        header, onnx = content[len(MAGIC) :].split(b"\n", 1)
        self.device = device
        self.batches = tuple(json.loads(header))
        self.session = ort.InferenceSession(onnx, providers=["CPUExecutionProvider"])
        self.inputs = [node.name for node in self.session.get_inputs()]
        self.outputs = [node.name for node in self.session.get_outputs()]
        nodes = (*self.session.get_inputs(), *self.session.get_outputs())
        self.tensors = {node.name: node for node in nodes}
        self._logger = logger

    @property
    def num_io_tensors(self) -> int:
        return len(self.tensors)

    def get_tensor_name(self, index: int) -> str:
        return list(self.tensors)[index]

    def get_tensor_dtype(self, name: str) -> DataType:
        return DataType(self.tensors[name].type)

    def get_tensor_shape(self, name: str) -> Dims:
        return Dims([-1, *self.tensors[name].shape[1:]])

    def get_tensor_profile_shape(self, name: str, profile: int) -> list[Dims]:
        if name not in self.inputs or profile != 0:
            raise RuntimeError(f"{name} has no profile {profile}")
        rest = self.tensors[name].shape[1:]
        return [Dims([size, *rest]) for size in self.batches]

    def create_execution_context(self) -> Context:
        return Context(self)

    def create_engine_inspector(self) -> SimpleNamespace:
        """Tells of one layer a graph, in the form that TensorRT has for it."""
        lines = [
            f"Name: all of it, LayerType: graph, Inputs: [ {{ Name: {self.inputs[0]}, "
            f"Format/Datatype: Row major linear FP32 }}], Outputs: [ {{ Name: {name}, "
            "Format/Datatype: Row major linear FP32 }], Metadata: [ONNX Layer: graph]"
            for name in self.outputs
        ]
        return SimpleNamespace(get_engine_information=lambda form: "\n".join(lines))

    def numpy_type(self, name: str) -> np.dtype:
        names = {"float": "float32"}
        kind = self.tensors[name].type.removeprefix("tensor(").removesuffix(")")
        return np.dtype(names.get(kind, kind))

    def sizes(self, batch: int) -> dict[str, int]:
        return {
            name: batch * int(np.prod(node.shape[1:])) * self.numpy_type(name).itemsize
            for name, node in self.tensors.items()
        }

    def refuse(self, why: str) -> bool:
        self._logger.log(Severity.ERROR, why)
        return False


def tensorrt(device: Device, version: str = "10.3.0") -> ModuleType:
    """The module `tensorrt`; `api.deserialised` counts what reached the deserialiser."""
    api = ModuleType("tensorrt")
    api.__version__ = version
    api.deserialised = 0

    class Runtime:
        def __init__(self, logger: ILogger) -> None:
            if not getattr(logger, "is_made", False):
                raise TypeError("__init__ of the logger's base class was not called")
            self._logger = logger

        def deserialize_cuda_engine(self, content: bytes) -> Engine | None:
            api.deserialised += 1
            if not content.startswith(MAGIC):
                self._logger.log(Severity.ERROR, "deserializeCudaEngine: magic tag does not match")
                return None
            return Engine(content, device, self._logger)

    api.ILogger = ILogger
    api.Runtime = Runtime
    api.DataType = DataType
    api.Dims = Dims
    return api
