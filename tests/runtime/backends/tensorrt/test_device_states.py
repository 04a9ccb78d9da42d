"""Engines that measure motion: the state of cameras stays on the device."""

from __future__ import annotations

import gc

import numpy as np
import pytest
from simulated_state import StateWatch, mark

from edge_vad.backends import CameraHandle, CameraInput, load_backend
from edge_vad.backends.cuda import PACKAGES
from edge_vad.backends.device_states import DeviceStates
from edge_vad.backends.onnxruntime import OnnxRuntimeBackend
from edge_vad.backends.tensorrt import TensorRtBackend
from edge_vad.errors import Unavailable, WrongUse
from edge_vad.motion.state import MotionInside
from edge_vad.scene_model import SceneModel


@pytest.fixture
def scene(tiny_scene) -> SceneModel:
    return SceneModel.read(tiny_scene(motion_inside=MotionInside(long_steps=False)))


def frames(make, cameras, order, seed, *, reset=()) -> CameraInput:
    """A frame of some cameras in an order; those of `reset` begin anew."""
    return CameraInput(
        mark(np.stack([make.texture(10 * place + seed) for place in order]), order),
        np.array([1.0 + place for place in order], np.float32),
        np.array([place in reset for place in order]),
        tuple(cameras[place] for place in order),
    )


def assert_equal(given, expected) -> None:
    for ours, theirs in zip(given, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


ORDERS = [(0, 1, 2), (0, 1, 2), (2, 0, 1), (1, 0), (2,), (2,), (1, 2, 0), (0, 1), (1, 0)]


@pytest.mark.parametrize("package", PACKAGES)
def test_cameras_may_change_places_and_batches_their_size(gpu, scene, make, package):
    gpu.build(scene.path, (1, 2, 3))
    gpu.device.watch = StateWatch()
    engine, reference = TensorRtBackend(scene, cuda=package), OnnxRuntimeBackend(scene)
    cameras = [CameraHandle() for _ in range(3)]
    for seed, order in enumerate(ORDERS):
        inputs = frames(make, cameras, order, seed, reset=(1,) if seed == 6 else ())
        assert_equal(engine.infer(inputs), reference.infer(inputs))
    assert gpu.device.watch.rows == len(scene.card.state) * sum(map(len, ORDERS))
    engine.close()
    assert gpu.device.live == 0


def test_nothing_but_frames_goes_up_and_nothing_but_what_is_found_comes_down(gpu, scene, make):
    gpu.build(scene.path, (1, 2, 3))
    engine, cameras = TensorRtBackend(scene), [CameraHandle() for _ in range(2)]
    for seed in range(3):
        engine.infer(frames(make, cameras, (0, 1), seed))
    gpu.device.copied.clear()
    inputs = frames(make, cameras, (0, 1), 3)
    found = engine.infer(inputs)
    assert gpu.device.copied["up"] == sum(each.nbytes for each in inputs.tensors.values())
    assert gpu.device.copied["down"] == sum(each.nbytes for each in found)
    state = sum(each.size for each in scene.card.state)
    assert gpu.device.copied["within"] == 2 * state, "state moved though the cameras stayed"
    engine.close()


def test_where_cameras_change_places_their_state_moves_within_the_device(gpu, scene, make):
    gpu.build(scene.path, (1, 2, 3))
    engine, cameras = TensorRtBackend(scene), [CameraHandle() for _ in range(2)]
    for seed in range(3):
        engine.infer(frames(make, cameras, (0, 1), seed))
    gpu.device.copied.clear()
    inputs = frames(make, cameras, (1, 0), 3)
    engine.infer(inputs)
    assert gpu.device.copied["up"] == sum(each.nbytes for each in inputs.tensors.values())
    engine.close()


def test_a_frame_is_one_graph_and_nothing_is_allocated_for_it(gpu, scene, make):
    gpu.build(scene.path)
    engine, cameras = TensorRtBackend(scene), [CameraHandle()]
    engine.infer(frames(make, cameras, (0,), 0))
    allocations, launches = gpu.device.allocations, gpu.device.launches
    for seed in range(1, 5):
        engine.infer(frames(make, cameras, (0,), seed))
    assert gpu.device.allocations == allocations
    assert gpu.device.launches == launches + 4
    engine.close()


def test_the_memory_of_a_camera_that_has_gone_is_used_again_and_is_blank(gpu, scene, make):
    gpu.build(scene.path)
    engine = TensorRtBackend(scene)
    cameras = [CameraHandle()]
    for seed in range(3):
        engine.infer(frames(make, cameras, (0,), seed))
    allocations = gpu.device.allocations
    cameras.clear()
    gc.collect()
    cameras.append(CameraHandle())
    expected = load_backend(scene).infer(frames(make, cameras, (0,), 5))
    assert_equal(engine.infer(frames(make, cameras, (0,), 5)), expected)
    assert gpu.device.allocations == allocations
    engine.close()


def test_a_backend_that_leaves_state_where_it_lay_is_refused(gpu, scene, make, monkeypatch):
    """Without seating, a camera would be given the state of the one that stood there before."""
    gpu.build(scene.path, (1, 2, 3))
    gpu.device.watch = StateWatch()
    engine, cameras = TensorRtBackend(scene), [CameraHandle() for _ in range(2)]
    engine.infer(frames(make, cameras, (0, 1), 0))
    monkeypatch.setattr(DeviceStates, "seat", lambda *_: None)
    engine.infer(frames(make, cameras, (0, 1), 1))
    with pytest.raises(Unavailable):
        engine.infer(frames(make, cameras, (1, 0), 2))
    assert "of camera 1 after 2 frames is grey of camera 0" in gpu.device.watch.said[-1]
    engine.close()


def test_a_backend_that_binds_states_in_another_order_is_refused(gpu, scene, make):
    gpu.build(scene.path)
    gpu.device.watch = StateWatch()
    engine, cameras = TensorRtBackend(scene), [CameraHandle()]
    engine.infer(frames(make, cameras, (0,), 0))
    context, addresses = engine._context, engine._tensors
    context.set_tensor_address("last_clock", addresses["last_window"].address)
    engine._launch = engine._enqueue
    with pytest.raises(Unavailable):
        engine.infer(frames(make, cameras, (0,), 1))
    assert "last_clock of clock of camera 0 after 1 frames is " in gpu.device.watch.said[-1]
    engine.close()


def test_two_frames_of_one_camera_in_a_batch_are_refused(gpu, scene, make):
    gpu.build(scene.path, (1, 2, 3))
    engine, cameras = TensorRtBackend(scene), [CameraHandle()]
    with pytest.raises(WrongUse, match="two frames of one camera"):
        engine.infer(frames(make, cameras, (0, 0), 0))
    engine.close()
