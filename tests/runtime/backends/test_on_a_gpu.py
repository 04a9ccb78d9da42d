"""On a machine with an NVIDIA GPU: real memory, ONNX Runtime with CUDA, engines, flow units.

Skipped elsewhere. The same calls on a simulated GPU are tested everywhere, in `tensorrt/` and
`../flow_units/`.
"""

from __future__ import annotations

import numpy as np
import pytest

from edge_vad.backends import (
    Backend,
    CameraHandle,
    CameraInput,
    ModelInput,
    ModelOutput,
    load_backend,
)
from edge_vad.backends.cuda import PACKAGES, open_cuda
from edge_vad.device.fingerprint import read_fingerprint
from edge_vad.device.tensorrt import RTX_CAPABILITIES
from edge_vad.errors import Unavailable
from edge_vad.flow_units import UNITS, is_of_a_unit, name_unit, open_unit
from edge_vad.motion.extractor import FlowExtractor, MotionSettings
from edge_vad.motion.state import MotionInside
from edge_vad.opencv import cv2
from edge_vad.scene_model import SceneModel

pytestmark = pytest.mark.skipif(
    read_fingerprint().compute_capability is None, reason="there is no NVIDIA GPU"
)


@pytest.mark.parametrize("package", PACKAGES)
def test_what_goes_to_the_device_comes_back(package: str) -> None:
    try:
        cuda = open_cuda(package)
    except Unavailable as error:
        pytest.skip(error.what)
    sent, returned = (cuda.pinned((4, 1000), np.float32) for _ in range(2))
    sent[:] = np.random.default_rng(0).normal(size=sent.shape)
    returned[:] = 0
    address, other = (cuda.allocate(sent.nbytes) for _ in range(2))

    def there_and_back() -> None:
        cuda.upload(address, sent)
        cuda.copy(other, address, sent.nbytes)
        cuda.download(returned, other)

    launch = cuda.record(there_and_back) or there_and_back
    for _ in range(3):
        sent += 1
        launch()
        cuda.synchronize()
        np.testing.assert_array_equal(returned, sent)
    cuda.close()
    cuda.close()


def test_onnx_runtime_says_on_cuda_what_it_says_on_the_cpu(tiny_scene) -> None:
    model = SceneModel.read(tiny_scene())
    try:
        backend = load_backend(model, "onnxruntime-cuda")
    except Unavailable as error:
        pytest.skip(error.what)
    card = model.card
    random = np.random.default_rng(0)
    for _ in range(3):
        frame = random.integers(0, 256, (1, card.height, card.width, 3), np.uint8)
        inputs = ModelInput(frame, random.normal(size=(1, *card.motion_shape)).astype(np.float32))
        expected = load_backend(model).infer(inputs)
        assert_close(backend.infer(inputs), expected)
    backend.close()


def test_with_motion_inside_cuda_keeps_cameras_apart_as_the_cpu_does(tiny_scene, make) -> None:
    model = SceneModel.read(tiny_scene(motion_inside=MotionInside(long_steps=False)))
    try:
        backend = load_backend(model, "onnxruntime-cuda")
    except Unavailable as error:
        pytest.skip(error.what)
    assert_cameras_are_kept_apart(backend, load_backend(model), make)


@pytest.mark.parametrize("name", ["tensorrt", "tensorrt-pycuda", "tensorrt-rtx"])
def test_an_engine_with_motion_inside_keeps_cameras_apart_as_the_cpu_does(
    name: str, edge_vad, tiny_scene, make
) -> None:
    scene = tiny_scene(motion_inside=MotionInside(long_steps=False))
    target = "rtx" if name == "tensorrt-rtx" else "tensorrt"
    if target == "rtx" and read_fingerprint().compute_capability not in RTX_CAPABILITIES:
        pytest.skip("TensorRT-RTX is not for this GPU")
    answer = edge_vad("export", scene, "--engine", "--target", target, "--batch", "1:2:3")
    if answer.code == Unavailable.exit_code:
        pytest.skip(answer.err)
    assert answer.code == 0, answer.err
    model = SceneModel.read(scene)
    try:
        backend = load_backend(model, name)
    except Unavailable as error:
        pytest.skip(error.what)
    assert_cameras_are_kept_apart(backend, load_backend(model), make)


@pytest.mark.parametrize("name", UNITS)
def test_a_flow_unit_measures_what_dis_measures(name: str, make) -> None:
    still = cv2.cvtColor(make.texture(height=240, width=360), cv2.COLOR_BGR2GRAY)
    moved = np.roll(still, (3, -5), axis=(0, 1))
    try:
        unit = open_unit(name, *still.shape)
        flow = unit.calc(still, moved, None)
    except Unavailable as error:
        pytest.skip(error.what)
    inner = flow[24:-24, 24:-24]
    np.testing.assert_allclose(np.median(inner, axis=(0, 1)), (-5, 3), atol=0.5)
    np.testing.assert_array_equal(unit.calc(still, moved, None), flow)
    code = name_unit(name)
    assert is_of_a_unit(code)
    extractor = FlowExtractor(*still.shape, MotionSettings(code=code))
    averaged = np.zeros(extractor.shape, np.float32)
    assert extractor.measure(still, moved, averaged)
    np.testing.assert_allclose(np.median(averaged, axis=(1, 2)), (-5, 3), atol=0.5)


def assert_cameras_are_kept_apart(backend: Backend, reference: Backend, make) -> None:
    """Cameras come in any order and number, one is reset: the state on the device is its own."""
    cameras = [CameraHandle() for _ in range(3)]
    orders = [(0, 1, 2), (0, 1, 2), (2, 0, 1), (1,), (1, 0), (2, 1, 0)]
    for seed, order in enumerate(orders):
        inputs = CameraInput(
            np.stack([make.texture(10 * place + seed) for place in order]),
            np.ones(len(order), np.float32),
            np.array([place == 1 and seed == 4 for place in order]),
            tuple(cameras[place] for place in order),
        )
        assert_close(backend.infer(inputs), reference.infer(inputs))
    backend.close()


def assert_close(given: ModelOutput, expected: ModelOutput) -> None:
    np.testing.assert_allclose(given.anomaly_map, expected.anomaly_map, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(given.score, expected.score, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(given.motion_known, expected.motion_known)
