"""The state of cameras in bound memory: on ONNX Runtime itself, with the CPU's memory."""

from __future__ import annotations

import gc
from types import SimpleNamespace

import numpy as np
import onnxruntime as ort
import pytest

from edge_vad.backends import CameraHandle, CameraInput, load_backend
from edge_vad.backends.bound_session import BoundSession
from edge_vad.backends.bound_states import BoundStates
from edge_vad.backends.onnxruntime import OnnxRuntimeBackend
from edge_vad.backends.providers import CUDA
from edge_vad.errors import WrongUse
from edge_vad.motion.state import MotionInside
from edge_vad.scene_model import SceneModel

ORDERS = [(0, 1, 2), (0, 1, 2), (2, 0, 1), (1, 0), (2,), (2,), (1, 2, 0), (0, 1), (1, 0), (0, 1, 2)]


@pytest.fixture
def model(tiny_scene) -> SceneModel:
    return SceneModel.read(tiny_scene(motion_inside=MotionInside(long_steps=False)))


def opened(graph) -> ort.InferenceSession:
    return ort.InferenceSession(graph, providers=["CPUExecutionProvider"])


def bound(model) -> BoundSession:
    states = BoundStates(ort, "cpu", model.card.state, opened)
    return BoundSession(ort, opened(str(model.path)), "cpu", states)


def frames(make, cameras, order, seed, *, reset=()) -> CameraInput:
    """A frame of some cameras in an order; those of `reset` begin anew."""
    return CameraInput(
        np.stack([make.texture(10 * place + seed) for place in order]),
        np.array([1.0 + place for place in order], np.float32),
        np.array([place in reset for place in order]),
        tuple(cameras[place] for place in order),
    )


def assert_equal(given, expected) -> None:
    for ours, theirs in zip(given, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_cameras_may_change_places_and_batches_their_size(model, make):
    session, reference = bound(model), load_backend(model)
    cameras = [CameraHandle() for _ in range(3)]
    for seed, order in enumerate(ORDERS):
        inputs = frames(make, cameras, order, seed, reset=(1,) if seed == 6 else ())
        assert_equal(session.run(inputs), reference.infer(inputs))


def test_many_sizes_of_batches_share_the_state_of_cameras(model, make):
    session, reference = bound(model), load_backend(model)
    cameras = [CameraHandle() for _ in range(12)]
    for seed, size in enumerate((*range(1, 13), 5, 11, 12, 3)):
        inputs = frames(make, cameras, tuple(range(size)), seed)
        assert_equal(session.run(inputs), reference.infer(inputs))


def test_a_camera_that_comes_after_others_have_gone_begins_without_a_past(model, make):
    session, cameras = bound(model), [CameraHandle() for _ in range(2)]
    for seed in range(3):
        session.run(frames(make, cameras, (0, 1), seed))
    cameras.clear()
    gc.collect()
    cameras += [CameraHandle()]
    inputs = frames(make, cameras, (0,), 3)
    assert_equal(session.run(inputs), load_backend(model).infer(inputs))
    assert session._states is not None
    assert len(session._states._waiting) == 1, "the state of a camera that has gone was kept"


def test_two_frames_of_one_camera_in_a_batch_are_refused(model, make):
    with pytest.raises(WrongUse, match="two frames of one camera"):
        bound(model).run(frames(make, [CameraHandle()], (0, 0), 0))


def test_while_cameras_stay_their_state_is_neither_copied_nor_allocated(model, make, monkeypatch):
    session, cameras = bound(model), [CameraHandle() for _ in range(2)]
    session.run(frames(make, cameras, (0, 1), 0))
    updates, sizes = [], {each.size for each in model.card.state}

    def count(value, array):
        updates.append(array.nbytes // len(array))
        update(value, array)

    def refuse(*arguments):
        raise AssertionError("state was moved though the cameras stayed")

    update = ort.OrtValue.update_inplace
    monkeypatch.setattr(ort.OrtValue, "update_inplace", count)
    monkeypatch.setattr(ort.OrtValue, "ortvalue_from_shape_and_type", refuse)
    for seed in range(1, 4):
        session.run(frames(make, cameras, (0, 1), seed))
    assert len(updates) == 9  # frame, elapsed, reset
    assert not sizes.intersection(updates)


class CudaOnTheCpu:
    """ONNX Runtime as it is, but that what is to be on CUDA is on the CPU."""

    def __init__(self) -> None:
        self.OrtValue = SimpleNamespace(ortvalue_from_shape_and_type=self.allocate)
        self.devices: list[str] = []

    def __getattr__(self, name):
        return getattr(ort, name)

    def get_available_providers(self):
        return [CUDA, "CPUExecutionProvider"]

    def InferenceSession(self, graph, *arguments, **options):  # noqa: N802
        session = opened(graph)
        session.get_providers = self.get_available_providers
        return session

    def allocate(self, shape, kind, device, number):
        self.devices.append(device)
        return ort.OrtValue.ortvalue_from_shape_and_type(shape, kind, "cpu", number)


def test_the_backend_of_cuda_keeps_all_of_the_state_there(model, make, monkeypatch):
    made_up = CudaOnTheCpu()
    reference = load_backend(model)
    monkeypatch.setattr("edge_vad.backends.onnxruntime.ort", made_up)
    backend = OnnxRuntimeBackend(model, backend="onnxruntime-cuda")
    cameras = [CameraHandle() for _ in range(2)]
    for seed, order in enumerate([(0, 1), (1, 0), (0,)]):
        inputs = frames(make, cameras, order, seed)
        assert_equal(backend.infer(inputs), reference.infer(inputs))
    assert set(made_up.devices) == {"cuda"}
    backend.close()
