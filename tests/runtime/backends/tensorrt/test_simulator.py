"""The simulated GPU refuses what a real one refuses; else the other tests would prove nothing."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import simulated_tensorrt as sim
from simulated_cuda import Device, Refused


class Log(sim.ILogger):
    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def log(self, severity, message) -> None:
        self.said.append(message)


class Ready:
    """An engine whose context is ready to run, and everything it needs."""

    def __init__(self, onnx: bytes) -> None:
        self.device, self.log = Device(), Log()
        self.stream = self.device.make_stream()
        runtime = sim.tensorrt(self.device).Runtime(self.log)
        self.engine = runtime.deserialize_cuda_engine(sim.serialise(onnx, (1, 1, 2)))
        self.context = self.engine.create_execution_context()
        self.addresses = {
            name: self.device.allocate(size) for name, size in self.engine.sizes(1).items()
        }
        for name, address in self.addresses.items():
            assert self.context.set_tensor_address(name, address)
        for name in self.engine.inputs:
            shape = sim.Dims([1, *self.engine.tensors[name].shape[1:]])
            assert self.context.set_input_shape(name, shape)

    def runs(self) -> bool:
        return self.context.execute_async_v3(self.stream)


@pytest.fixture
def ready(tiny_scene) -> Ready:
    return Ready(tiny_scene().read_bytes())


def test_what_is_ready_runs(ready) -> None:
    assert ready.runs()
    ready.device.synchronize(ready.stream)


def test_an_unknown_tensor_is_refused(ready) -> None:
    assert not ready.context.set_tensor_address("framee", 1)
    assert "invalid tensor name: framee" in ready.log.said[-1]


def test_an_address_that_is_not_set_is_refused(ready) -> None:
    context = ready.engine.create_execution_context()
    for name in ready.engine.inputs:
        context.set_input_shape(name, sim.Dims([1, *ready.engine.tensors[name].shape[1:]]))
    assert not context.execute_async_v3(ready.stream)
    assert "is not set" in ready.log.said[-1]


def test_a_run_before_its_shapes_is_refused(ready) -> None:
    assert not ready.engine.create_execution_context().execute_async_v3(ready.stream)
    assert "the shape of frame is not set" in ready.log.said[-1]


def test_freed_memory_is_refused(ready) -> None:
    ready.device.free(ready.addresses["score"])
    assert not ready.runs()


def test_memory_freed_before_the_work_is_done_is_refused(ready) -> None:
    assert ready.runs()
    ready.device.free(ready.addresses["score"])
    with pytest.raises(Refused):
        ready.device.synchronize(ready.stream)


def test_memory_is_not_freed_twice(ready) -> None:
    ready.device.free(ready.addresses["score"])
    with pytest.raises(Refused):
        ready.device.free(ready.addresses["score"])


def test_a_larger_batch_than_memory_was_allocated_for_is_refused(ready) -> None:
    for name in ready.engine.inputs:
        ready.context.set_input_shape(name, sim.Dims([2, *ready.engine.tensors[name].shape[1:]]))
    assert not ready.runs()


def test_a_shape_outside_of_the_profile_is_refused(ready) -> None:
    shape = ready.engine.tensors["frame"].shape[1:]
    assert not ready.context.set_input_shape("frame", sim.Dims([3, *shape]))


def test_a_dead_stream_is_refused(ready) -> None:
    ready.device.destroy(ready.stream, ready.device.streams)
    assert not ready.runs()


def test_a_second_thread_is_refused_until_the_first_ones_work_is_done(ready) -> None:
    answers: list[bool] = []

    def run_beside() -> None:
        thread = threading.Thread(target=lambda: answers.append(ready.runs()))
        thread.start()
        thread.join()

    assert ready.runs()
    run_beside()
    ready.device.synchronize(ready.stream)
    run_beside()
    assert answers == [False, True]


def test_a_result_is_not_there_before_the_stream_was_waited_for(ready) -> None:
    size = ready.engine.sizes(1)["score"]
    host = ready.device.allocate(size, is_pinned=True)
    score = np.ctypeslib.as_array(ready.device.host_memory[host])
    before = score.copy()
    assert ready.runs()
    ready.device.copy(host, ready.addresses["score"], size, ready.stream, way="down")
    np.testing.assert_array_equal(score, before)
    ready.device.synchronize(ready.stream)
    assert not np.array_equal(score, before)


def test_memory_that_is_not_pinned_is_refused(ready) -> None:
    ordinary = np.zeros(4, np.float32)
    with pytest.raises(Refused):
        ready.device.copy(
            ready.addresses["frame"], ordinary.ctypes.data, 16, ready.stream, way="up"
        )


def test_a_capture_before_the_first_run_of_a_shape_is_refused(ready) -> None:
    ready.device.begin_capture(ready.stream)
    assert not ready.runs()
    with pytest.raises(Refused):
        ready.device.end_capture(ready.stream)


def test_memory_is_not_allocated_during_a_capture(ready) -> None:
    ready.device.begin_capture(ready.stream)
    with pytest.raises(Refused):
        ready.device.allocate(4)
    with pytest.raises(Refused):
        ready.device.end_capture(ready.stream)


def test_what_is_captured_does_not_run_until_it_is_launched(ready) -> None:
    assert ready.runs()
    ready.device.synchronize(ready.stream)
    ready.device.begin_capture(ready.stream)
    assert ready.runs()
    graph = ready.device.instantiate(ready.device.end_capture(ready.stream))
    assert not ready.device.stream(ready.stream).queue
    ready.device.launch(graph, ready.stream)
    assert len(ready.device.stream(ready.stream).queue) == 1


def test_a_file_that_is_no_engine_is_refused() -> None:
    log = Log()
    assert sim.tensorrt(Device()).Runtime(log).deserialize_cuda_engine(b"something") is None
    assert log.said
