"""On a machine with an NVIDIA GPU: real memory, and ONNX Runtime with CUDA. Skipped elsewhere.

The same calls on a simulated GPU are tested everywhere, in `tensorrt/`.
"""

from __future__ import annotations

import numpy as np
import pytest

from edge_vad.backends import ModelInput, load_backend
from edge_vad.backends.cuda import PACKAGES, open_cuda
from edge_vad.device.fingerprint import read_fingerprint
from edge_vad.errors import Unavailable
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
    address = cuda.allocate(sent.nbytes)

    def there_and_back() -> None:
        cuda.upload(address, sent)
        cuda.download(returned, address)

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
        for ours, theirs in zip(backend.infer(inputs), expected, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)
    backend.close()
