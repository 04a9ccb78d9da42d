"""Graphs with motion inside: the state of cameras, and what is given for it."""

from __future__ import annotations

import gc

import msgspec
import numpy as np
import onnx
import pytest
from onnx import helper

from edge_vad.backends import CameraHandle, CameraInput, load_backend
from edge_vad.backends.camera_states import CameraStates
from edge_vad.errors import BadModel, WrongUse
from edge_vad.motion.state import MotionInside
from edge_vad.scene_file import append_digest
from edge_vad.scene_model import METADATA_KEY, SceneModel


@pytest.fixture
def scene(tiny_scene) -> SceneModel:
    return SceneModel.read(tiny_scene(motion_inside=MotionInside(long_steps=False)))


def given(make, cameras, seed=0, *, elapsed=1.0, reset=False) -> CameraInput:
    count = len(cameras)
    return CameraInput(
        np.stack([make.texture(seed + number) for number in range(count)]),
        np.full(count, elapsed, np.float32),
        np.full(count, reset),
        tuple(cameras),
    )


def rows(inputs: CameraInput, places) -> CameraInput:
    places = list(places)
    arrays = (values[places] for values in inputs.tensors.values())
    return CameraInput(*arrays, tuple(inputs.cameras[place] for place in places))


def test_a_camera_is_told_from_others_wherever_it_stands_in_a_batch(scene, make):
    together, alone = load_backend(scene), load_backend(scene)
    cameras = [CameraHandle() for _ in range(3)]
    for seed, order in enumerate([(0, 1, 2), (2, 0, 1), (1, 0), (2,), (1, 2, 0)]):
        inputs = given(make, cameras, seed, elapsed=1.0 + seed)
        found = together.infer(rows(inputs, order))
        for place, camera in enumerate(order):
            expected = alone.infer(rows(inputs, [camera]))
            np.testing.assert_array_equal(found.score[place], expected.score[0])
            np.testing.assert_array_equal(found.motion_known[place], expected.motion_known[0])
            np.testing.assert_array_equal(found.anomaly_map[place], expected.anomaly_map[0])


def test_a_reset_is_for_one_camera_alone(scene, make):
    backend, cameras = load_backend(scene), [CameraHandle(), CameraHandle()]
    for seed in range(3):
        backend.infer(given(make, cameras, seed))
    inputs = given(make, cameras, 3)._replace(reset=np.array([True, False]))
    assert backend.infer(inputs).motion_known.tolist() == [False, True]


def test_a_camera_that_is_new_begins_without_a_past(scene, make):
    backend = load_backend(scene)
    assert backend.infer(given(make, [CameraHandle()])).motion_known.tolist() == [False]
    assert backend.infer(given(make, [CameraHandle()])).motion_known.tolist() == [False]


def test_two_frames_of_one_camera_in_a_batch_are_refused(scene, make):
    camera = CameraHandle()
    with pytest.raises(WrongUse, match="two frames of one camera"):
        load_backend(scene).infer(given(make, [camera, camera]))


def test_the_state_of_a_camera_goes_with_it(scene):
    states, camera = CameraStates(scene.card.state), CameraHandle()
    outputs = [np.ones((1, *each.shape), each.dtype) for each in scene.card.state]
    states.keep([camera], outputs)
    assert all(values.all() for values in states.inputs([camera]).values())
    del camera
    gc.collect()
    assert not len(states._kept)


def test_what_is_kept_is_not_written_over_by_who_gave_it(scene):
    states, cameras = CameraStates(scene.card.state), [CameraHandle(), CameraHandle()]
    outputs = [np.ones((2, *each.shape), each.dtype) for each in scene.card.state]
    states.keep(cameras, outputs)
    for values in outputs:
        values[:] = 7
    assert all((values == 1).all() for values in states.inputs(cameras).values())


def test_a_graph_without_the_state_that_its_card_tells_of_is_refused(tiny_scene, tmp_path):
    card = SceneModel.read(tiny_scene()).card
    card = msgspec.structs.replace(card, motion_inside=MotionInside(long_steps=False))
    content = tiny_scene("lean.onnx").read_bytes()
    model = onnx.load_from_string(content)
    del model.metadata_props[:]
    helper.set_model_props(model, {METADATA_KEY: card.encode()})
    path = tmp_path / "wrong.onnx"
    path.write_bytes(append_digest(model.SerializeToString()))
    with pytest.raises(BadModel, match="does not fit its metadata"):
        load_backend(SceneModel.read(path))


def test_a_scene_that_takes_motion_is_not_given_cameras(tiny_scene, make):
    backend = load_backend(SceneModel.read(tiny_scene()))
    with pytest.raises(BadModel, match="failed at a frame"):
        backend.infer(given(make, [CameraHandle()]))
