"""TensorRT's builder without a GPU: an engine is the ONNX graph itself, for the simulated runtime.

Refused are a file that cannot be parsed, a network without a profile, and a build that its progress
monitor ends. The real parser and builder are TensorRT-RTX's, in other tests.
"""

from __future__ import annotations

from enum import IntEnum
from types import ModuleType, SimpleNamespace

import onnxruntime as ort
import simulated_tensorrt as sim


class IProgressMonitor:
    def __init__(self) -> None:
        self.is_made = True


class Network:
    """What a parser fills."""

    def __init__(self) -> None:
        self.onnx = b""
        self.inputs: list[SimpleNamespace] = []
        self.num_layers = 0

    @property
    def num_inputs(self) -> int:
        return len(self.inputs)

    def get_input(self, index: int) -> SimpleNamespace:
        return self.inputs[index]


class OnnxParser:
    """Parses what ONNX Runtime loads."""

    def __init__(self, network: Network, logger: sim.ILogger) -> None:
        self._network = network
        self.num_errors = 0

    def parse(self, model: bytes) -> bool:
        self._network.onnx = model
        session = ort.InferenceSession(self._network.onnx, providers=["CPUExecutionProvider"])
        self._network.inputs = [
            SimpleNamespace(name=node.name, shape=sim.Dims([-1, *node.shape[1:]]))
            for node in session.get_inputs()
        ]
        return True


class Profile:
    """Batch sizes of every input."""

    def __init__(self) -> None:
        self.shapes: dict[str, tuple[sim.Dims, ...]] = {}

    def set_shape(self, name: str, *shapes: sim.Dims) -> None:
        if not all(isinstance(shape, sim.Dims) for shape in shapes):
            raise TypeError("set_shape(): incompatible function arguments")
        self.shapes[name] = shapes


class Config:
    """What is asked of a build."""

    def __init__(self) -> None:
        self.profiles: list[Profile] = []
        self.progress_monitor: IProgressMonitor | None = None
        self.profiling_verbosity = None
        self._timings = b""

    def set_memory_pool_limit(self, pool: IntEnum, size: int) -> None:
        assert size > 0

    def clear_flag(self, flag: IntEnum) -> None: ...

    def add_optimization_profile(self, profile: Profile) -> int:
        self.profiles.append(profile)
        return len(self.profiles) - 1

    def create_timing_cache(self, content: bytes) -> bytes:
        return content

    def set_timing_cache(self, cache: bytes, ignore_mismatch: bool) -> bool:
        self._timings = cache
        return cache in (b"", b"timings")

    def get_timing_cache(self) -> SimpleNamespace:
        return SimpleNamespace(serialize=lambda: b"timings")


class Builder:
    """Builds for the device that is here."""

    def __init__(self, logger: sim.ILogger) -> None:
        self._logger = logger

    def create_network(self, flags: int) -> Network:
        assert flags == 1 << Flag.STRONGLY_TYPED
        return Network()

    def create_builder_config(self) -> Config:
        return Config()

    def create_optimization_profile(self) -> Profile:
        return Profile()

    def build_serialized_network(self, network: Network, config: Config) -> bytes | None:
        monitor = config.progress_monitor
        monitor.phase_start("Building engine", None, 1)
        if not monitor.step_complete("Building engine", 0):
            return None
        monitor.phase_finish("Building engine")
        (profile,) = config.profiles
        if set(profile.shapes) != {each.name for each in network.inputs}:
            self._logger.log(sim.Severity.ERROR, "Network has dynamic inputs without a profile")
            return None
        shapes = next(iter(profile.shapes.values()))
        return sim.serialise(network.onnx, tuple(shape[0] for shape in shapes))


class Flag(IntEnum):
    STRONGLY_TYPED = 1


def add_builder(api: ModuleType) -> None:
    """Give a simulated TensorRT its builder."""
    names = {
        "Builder": Builder,
        "OnnxParser": OnnxParser,
        "IProgressMonitor": IProgressMonitor,
        "NetworkDefinitionCreationFlag": Flag,
        "MemoryPoolType": IntEnum("MemoryPoolType", {"WORKSPACE": 0}),
        "ProfilingVerbosity": IntEnum("ProfilingVerbosity", {"DETAILED": 2}),
        "BuilderFlag": IntEnum("BuilderFlag", {"TF32": 7}),
        "LayerInformationFormat": IntEnum("LayerInformationFormat", {"ONELINE": 0}),
    }
    for name, value in names.items():
        setattr(api, name, value)
