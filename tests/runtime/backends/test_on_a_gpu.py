"""On a machine with an NVIDIA GPU: real memory, and ONNX Runtime with CUDA. Skipped elsewhere.

The same calls on a simulated GPU are tested everywhere, in `tensorrt/`.
"""

from __future__ import annotations

import numpy as np
import pytest

from edge_vad.backends import CameraHandle, CameraInput, ModelInput, ModelOutput, load_backend
from edge_vad.backends.cuda import PACKAGES, open_cuda
from edge_vad.device.fingerprint import read_fingerprint
from edge_vad.errors import Unavailable
from edge_vad.motion.state import MotionInside
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
    reference, cameras = load_backend(model), [CameraHandle() for _ in range(3)]
    for seed, order in enumerate([(0, 1, 2), (2, 0, 1), (1,), (1, 0)]):
        inputs = CameraInput(
            np.stack([make.texture(10 * place + seed) for place in order]),
            np.ones(len(order), np.float32),
            np.zeros(len(order), np.bool_),
            tuple(cameras[place] for place in order),
        )
        assert_close(backend.infer(inputs), reference.infer(inputs))
    backend.close()


def assert_close(given: ModelOutput, expected: ModelOutput) -> None:
    np.testing.assert_allclose(given.anomaly_map, expected.anomaly_map, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(given.score, expected.score, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(given.motion_known, expected.motion_known)
