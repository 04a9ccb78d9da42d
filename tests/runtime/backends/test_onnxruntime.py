from __future__ import annotations

import numpy as np
import onnx
import onnxruntime as ort
import pytest

from edge_vad.backends import ModelInput, load_backend
from edge_vad.backends.onnxruntime import OnnxRuntimeBackend, open_session
from edge_vad.backends.providers import CUDA, OPENVINO, PROVIDERS, TENSORRT
from edge_vad.errors import BadModel, Unavailable, WrongUse
from edge_vad.scene_file import append_digest
from edge_vad.scene_model import SceneModel

ALL = [CUDA, TENSORRT, OPENVINO, "CPUExecutionProvider"]


@pytest.fixture
def model(tiny_scene):
    return SceneModel.read(tiny_scene())


@pytest.fixture
def claiming(monkeypatch, tmp_path):
    """ONNX Runtime says that it was built with every provider, as one on a broken GPU machine."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(ort, "get_available_providers", lambda: ALL)


def some_inputs(seed=0, batch=1):
    random = np.random.default_rng(seed)
    return ModelInput(
        random.integers(0, 256, (batch, 48, 64, 3), np.uint8),
        random.normal(size=(batch, 24, 32, 2)).astype(np.float32),
    )


@pytest.mark.parametrize("name", ["onnxruntime-cuda", "onnxruntime-tensorrt"])
def test_a_provider_that_is_not_built_in_is_refused_with_its_mend(model, name):
    with pytest.raises(Unavailable) as caught:
        load_backend(model, name)
    assert "was built without" in caught.value.what
    assert "pip install 'edge-vad[gpu]'" in caught.value.todo


# ONNX Runtime warns only where a provider is not built in; where it does not load it says nothing.
@pytest.mark.filterwarnings("ignore:Specified provider")
@pytest.mark.parametrize("name", [name for name in PROVIDERS if name != "onnxruntime"])
def test_a_session_that_fell_back_to_the_cpu_is_refused(claiming, model, name):
    with pytest.raises(Unavailable, match="does not load"):
        load_backend(model, name)


def test_a_device_failure_at_loading_does_not_blame_the_scene(claiming, model, monkeypatch):
    def failing(*arguments, **options):
        assert options["enable_fallback"] == 0
        raise RuntimeError("CUDA failure 2: out of memory\nmore")

    monkeypatch.setattr(ort, "InferenceSession", failing)
    with pytest.raises(Unavailable, match="CUDA failure 2: out of memory"):
        load_backend(model, "onnxruntime-cuda")


def test_a_broken_graph_is_blamed_on_the_scene(tmp_path):
    with pytest.raises(BadModel, match="ONNX Runtime cannot load"):
        open_session(PROVIDERS["onnxruntime"], b"no graph at all")


def test_single_precision_is_asked_of_every_provider(claiming, model, monkeypatch):
    asked = {}

    def listening(path, options, *, providers, **_):
        asked.update(providers)
        raise RuntimeError("heard enough")

    monkeypatch.setattr(ort, "InferenceSession", listening)
    for name in ("onnxruntime-tensorrt", "onnxruntime-openvino"):
        with pytest.raises(Unavailable, match="heard enough"):
            OnnxRuntimeBackend(model, 3, name)
    assert list(asked) == [TENSORRT, CUDA, OPENVINO]
    assert asked[CUDA]["use_tf32"] == "0"
    assert asked[TENSORRT]["trt_fp16_enable"] == "0"
    assert asked[TENSORRT]["trt_engine_cache_path"].startswith(str(model.path.parent))
    assert asked[OPENVINO]["precision"] == "FP32"
    assert asked[OPENVINO]["num_of_threads"] == "3"


@pytest.mark.parametrize("output", ["anomaly_map", "score"])
@pytest.mark.parametrize("frames", [1, 2])
def test_a_graph_that_gives_other_than_one_result_a_frame_is_refused(
    tiny_scene, tmp_path, output, frames
):
    graph = onnx.load(str(tiny_scene()))
    for node in graph.graph.node:
        node.output[:] = ["once" if name == output else name for name in node.output]
        node.input[:] = ["once" if name == output else name for name in node.input]
    twice = onnx.helper.make_node("Concat", ["once", "once"], [output], axis=0)
    graph.graph.node.append(twice)
    path = tmp_path / "twice.onnx"
    path.write_bytes(append_digest(graph.SerializeToString()))
    model = SceneModel.read(path)
    motion = np.zeros((frames, *model.card.motion_shape), np.float32)
    inputs = some_inputs(batch=frames)._replace(motion=motion)
    with pytest.raises(BadModel, match="one result for each frame"):
        load_backend(model).infer(inputs)


def test_a_closed_backend_refuses_to_score(model):
    backend = load_backend(model)
    backend.close()
    backend.close()
    with pytest.raises(WrongUse, match="closed"):
        backend.infer(some_inputs())


def test_an_unknown_backend_is_refused_with_the_names_there_are(model):
    with pytest.raises(WrongUse, match="onnxruntime-openvino"):
        load_backend(model, "quantum")
