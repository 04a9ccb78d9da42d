"""Bound memory: on ONNX Runtime itself with the CPU's memory, and on a device that is made up."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import onnxruntime as ort
import pytest

from edge_vad.backends import ModelInput, load_backend
from edge_vad.backends.bound_session import BoundSession
from edge_vad.backends.onnxruntime import OnnxRuntimeBackend
from edge_vad.backends.providers import CUDA
from edge_vad.errors import Unavailable
from edge_vad.scene_model import SceneModel


@pytest.fixture
def model(tiny_scene):
    return SceneModel.read(tiny_scene())


@pytest.fixture
def allocations(monkeypatch):
    """Every buffer that is made, as (shape, device)."""
    made = []
    make = ort.OrtValue.ortvalue_from_shape_and_type

    def counting(shape, element_type, device, number):
        made.append((tuple(shape), device))
        return make(shape, element_type, device, number)

    monkeypatch.setattr(ort.OrtValue, "ortvalue_from_shape_and_type", counting)
    return made


def some_inputs(seed=0, batch=1):
    random = np.random.default_rng(seed)
    return ModelInput(
        random.integers(0, 256, (batch, 48, 64, 3), np.uint8),
        random.normal(size=(batch, 3, 24, 32)).astype(np.float32),
    )


def bound(model):
    session = ort.InferenceSession(str(model.path), providers=["CPUExecutionProvider"])
    return BoundSession(ort, session, "cpu")


def test_bound_memory_gives_what_an_ordinary_run_gives_for_every_frame(model):
    ordinary, session = load_backend(model), bound(model)
    for seed in range(4):
        expected, given = ordinary.infer(some_inputs(seed)), session.run(some_inputs(seed))
        np.testing.assert_array_equal(given.anomaly_map, expected.anomaly_map)
        np.testing.assert_array_equal(given.score, expected.score)


def test_nothing_is_allocated_on_the_device_after_the_first_frame(model, allocations):
    session = bound(model)
    for seed in range(5):
        session.run(some_inputs(seed))
    assert sorted(shape for shape, _ in allocations) == [
        (1,),
        (1, 3, 24, 32),
        (1, 5, 7),
        (1, 48, 64, 3),
    ]


def test_another_size_of_batch_gets_memory_of_its_own(model):
    ordinary, session = load_backend(model), bound(model)
    for batch in (1, 3, 1):
        given = session.run(some_inputs(7, batch))
        np.testing.assert_array_equal(given.score, ordinary.infer(some_inputs(7, batch)).score)


def test_what_a_frame_gave_outlives_the_next_frame(model):
    session = bound(model)
    first = session.run(some_inputs(0))
    kept = first.anomaly_map.copy()
    session.run(some_inputs(1))
    np.testing.assert_array_equal(first.anomaly_map, kept)


def test_arrays_that_are_not_contiguous_are_taken(model):
    inputs = some_inputs(3)
    striped = ModelInput(inputs.frame[:, :, ::-1], inputs.motion[:, ::-1])
    given = bound(model).run(striped)
    np.testing.assert_array_equal(given.score, load_backend(model).infer(striped).score)


class MadeUpDevice:
    """ONNX Runtime on a GPU, as strict as one: memory of its own, copies made when bound.

    An input is copied for a CPU node when it is bound, as ONNX Runtime does; it refuses a run
    before the inputs are there, and results that are read before the device has finished.
    """

    def __init__(self):
        self.finished = True
        self.runs = 0
        self.broken = False
        self.records, self.can_record = False, True
        self.recorded = {}
        self.RunOptions = ort.RunOptions
        self.OrtValue = SimpleNamespace(ortvalue_from_shape_and_type=self.allocate)
        self.SessionOptions = lambda: SimpleNamespace(
            add_session_config_entry=lambda key, value: None
        )
        self.__version__ = "1.31.0"

    def get_available_providers(self):
        return [CUDA, "CPUExecutionProvider"]

    def InferenceSession(self, *arguments, providers, **options):  # noqa: N802
        self.records = dict(providers)[CUDA]["enable_cuda_graph"] == "1"
        if self.records and not self.can_record:
            raise RuntimeError("This session cannot use the graph capture feature as requested")
        return self

    def get_providers(self):
        return [CUDA, "CPUExecutionProvider"]

    def get_inputs(self):
        return [
            SimpleNamespace(name="frame", shape=["N", 48, 64, 3], type="tensor(uint8)"),
            SimpleNamespace(name="motion", shape=["N", 3, 24, 32], type="tensor(float)"),
        ]

    def get_outputs(self):
        return [
            SimpleNamespace(name="anomaly_map", shape=["N", 5, 7], type="tensor(float)"),
            SimpleNamespace(name="score", shape=["N"], type="tensor(float)"),
        ]

    def allocate(self, shape, element_type, device, number):
        assert (device, number) == ("cuda", 0)
        device_memory = np.full(shape, 99, element_type)

        def update(array):
            assert array.flags.c_contiguous
            assert (array.shape, array.dtype) == (device_memory.shape, device_memory.dtype)
            device_memory[...] = array

        def read():
            assert self.finished, "read before the device had finished"
            return device_memory

        return SimpleNamespace(memory=device_memory, update_inplace=update, numpy=read)

    def io_binding(self):
        inputs, outputs = {}, {}
        return SimpleNamespace(
            inputs=inputs,
            outputs=outputs,
            bind_ortvalue_input=lambda name, value: inputs.update({name: value.memory.copy()}),
            bind_ortvalue_output=outputs.__setitem__,
            synchronize_inputs=lambda: None,
            synchronize_outputs=self.finish,
        )

    def finish(self):
        self.finished = True

    def run_with_iobinding(self, binding, options):
        buffers = tuple(id(each) for each in binding.outputs.values())
        number = options.get_run_config_entry("gpu_graph_id")
        if number != "-1":
            assert self.recorded.setdefault(number, buffers) == buffers, "replayed on other buffers"
        if self.broken:
            raise RuntimeError("CUDA failure 700: an illegal memory access")
        assert set(binding.inputs) == {"frame", "motion"}, "run before the inputs were bound"
        self.finished = False
        self.runs += 1
        binding.outputs["score"].memory[:] = binding.inputs["motion"].max((1, 2, 3))
        binding.outputs["anomaly_map"].memory[:] = binding.inputs["frame"].max()


@pytest.fixture
def device(monkeypatch):
    made_up = MadeUpDevice()
    monkeypatch.setattr("edge_vad.backends.onnxruntime.ort", made_up)
    return made_up


def test_on_a_gpu_every_frame_reaches_the_device_anew(device, model):
    backend = OnnxRuntimeBackend(model, backend="onnxruntime-cuda")
    assert (backend.name, backend.device) == ("onnxruntime-cuda", "cuda")
    for seed in range(3):
        inputs = some_inputs(seed)
        given = backend.infer(inputs)
        assert given.score == inputs.motion.max()
        assert given.anomaly_map.max() == inputs.frame.max()


def test_a_gpu_is_warmed_up_when_the_scene_is_loaded(device, model):
    OnnxRuntimeBackend(model, backend="onnxruntime-cuda")
    assert device.runs == 1


def test_a_gpu_that_fails_at_a_frame_is_an_error_and_no_run_on_the_cpu(device, model):
    backend = OnnxRuntimeBackend(model, backend="onnxruntime-cuda")
    device.broken = True
    with pytest.raises(Unavailable, match="CUDA failure 700"):
        backend.infer(some_inputs())


def test_work_is_recorded_once_for_the_buffers_of_a_batch(device, model):
    backend = OnnxRuntimeBackend(model, backend="onnxruntime-cuda")
    assert device.records
    for batch in (1, 3, 1, 3):
        inputs = some_inputs(batch, batch)
        np.testing.assert_array_equal(backend.infer(inputs).score, inputs.motion.max((1, 2, 3)))
    assert sorted(device.recorded) == ["1", "3"]


def test_many_sizes_of_batches_are_neither_kept_nor_recorded(device, model):
    backend = OnnxRuntimeBackend(model, backend="onnxruntime-cuda")
    for batch in (*range(1, 12), 5, 11, 12):
        inputs = some_inputs(batch, batch)
        np.testing.assert_array_equal(backend.infer(inputs).score, inputs.motion.max((1, 2, 3)))
    assert len(device.recorded) == 8


def test_a_graph_that_cannot_be_recorded_runs_on_the_gpu_all_the_same(device, model):
    device.can_record = False
    backend = OnnxRuntimeBackend(model, backend="onnxruntime-cuda")
    assert not device.records
    assert backend.infer(some_inputs()).score == some_inputs().motion.max()
