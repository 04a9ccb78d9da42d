"""The TensorRT backend, on a simulated GPU that refuses what a real one refuses."""

from __future__ import annotations

import threading
from pathlib import Path

import msgspec
import numpy as np
import pytest

from edge_vad.backends.base import ModelInput, ModelOutput
from edge_vad.backends.cuda import PACKAGES
from edge_vad.backends.onnxruntime import OnnxRuntimeBackend
from edge_vad.backends.tensorrt import TensorRtBackend
from edge_vad.errors import BadModel, Unavailable, WrongUse
from edge_vad.motion.dynamic_flow import Pooling
from edge_vad.motion.extractor import MotionSettings
from edge_vad.scene_model import SceneModel


@pytest.fixture
def scene(tiny_scene) -> SceneModel:
    return SceneModel.read(tiny_scene())


def batch(scene: SceneModel, size: int = 1, seed: int = 0) -> ModelInput:
    """Frames and motion of a scene, at random."""
    card, random = scene.card, np.random.default_rng(seed)
    frames = random.integers(0, 255, (size, card.height, card.width, 3), np.uint8)
    return ModelInput(frames, random.normal(size=(size, *card.motion_shape)).astype(np.float32))


def assert_equal(given: ModelOutput, expected: ModelOutput) -> None:
    for ours, theirs in zip(given, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("package", PACKAGES)
def test_an_engine_says_what_onnx_runtime_says(gpu, scene, package) -> None:
    gpu.build(scene.path)
    reference = OnnxRuntimeBackend(scene)
    engine = TensorRtBackend(scene, cuda=package)
    for seed in range(4):
        inputs = batch(scene, seed=seed)
        assert_equal(engine.infer(inputs), reference.infer(inputs))
    engine.close()
    assert gpu.device.live == 0


def test_batches_may_change_within_the_profile(gpu, scene) -> None:
    gpu.build(scene.path, (1, 2, 4))
    reference = OnnxRuntimeBackend(scene)
    engine = TensorRtBackend(scene)
    for seed, size in enumerate((4, 1, 3, 3, 1)):
        inputs = batch(scene, size, seed)
        assert_equal(engine.infer(inputs), reference.infer(inputs))
    engine.close()
    assert gpu.device.live == 0


def test_a_batch_outside_of_the_profile_is_refused(gpu, scene) -> None:
    gpu.build(scene.path, (1, 1, 2))
    engine = TensorRtBackend(scene)
    with pytest.raises(WrongUse, match=r"takes 1 to 2 frames at once, not 3") as refusal:
        engine.infer(batch(scene, 3))
    assert refusal.value.todo == "build it with --batch 1:3:3"
    engine.close()


def test_nothing_is_allocated_a_frame(gpu, scene) -> None:
    gpu.build(scene.path)
    engine = TensorRtBackend(scene)
    before = gpu.device.allocations
    for seed in range(5):
        engine.infer(batch(scene, seed=seed))
    assert gpu.device.allocations == before == 8  # two inputs and two outputs, each on both sides
    engine.close()


def test_where_shapes_stay_the_same_a_frame_is_one_graph(gpu, scene) -> None:
    gpu.build(scene.path, (1, 1, 2))
    engine = TensorRtBackend(scene)
    for _ in range(3):
        engine.infer(batch(scene))
    assert gpu.device.launches == 3
    engine.infer(batch(scene, 2))
    assert len(gpu.device.graphs) == 1, "the graph of the other batch was not forgotten"
    engine.close()


def test_pycuda_works_without_graphs(gpu, scene) -> None:
    gpu.build(scene.path)
    engine = TensorRtBackend(scene, cuda="pycuda")
    engine.infer(batch(scene))
    engine.infer(batch(scene))
    assert gpu.device.launches == 0
    engine.close()


def test_what_was_given_outlives_the_next_frame(gpu, scene) -> None:
    gpu.build(scene.path)
    engine = TensorRtBackend(scene)
    first = engine.infer(batch(scene, seed=1))
    kept = first.anomaly_map.copy()
    engine.infer(batch(scene, seed=2))
    np.testing.assert_array_equal(first.anomaly_map, kept)
    engine.close()


def test_threads_wait_for_each_other(gpu, scene) -> None:
    gpu.build(scene.path)
    reference, engine = OnnxRuntimeBackend(scene), TensorRtBackend(scene)
    inputs = [batch(scene, seed=seed) for seed in range(8)]
    given: dict[int, ModelOutput] = {}

    def score(seed: int) -> None:
        given[seed] = engine.infer(inputs[seed])

    threads = [threading.Thread(target=score, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for seed, maps in given.items():
        assert_equal(maps, reference.infer(inputs[seed]))
    assert len(given) == 8
    engine.close()


def test_everything_is_given_back_once(gpu, scene) -> None:
    gpu.build(scene.path)
    engine = TensorRtBackend(scene)
    engine.infer(batch(scene))
    engine.close()
    engine.close()
    assert gpu.device.live == 0
    with pytest.raises(WrongUse, match="the engine was closed"):
        engine.infer(batch(scene))


def test_without_a_gpu_the_deserialiser_is_not_reached(gpu, scene, monkeypatch) -> None:
    gpu.build(scene.path)
    nothing = msgspec.structs.replace(gpu.fingerprint, gpu=None, compute_capability=None)
    monkeypatch.setattr("edge_vad.backends.tensorrt.read_fingerprint", lambda: nothing)
    with pytest.raises(Unavailable, match="no GPU here"):
        TensorRtBackend(scene)
    assert gpu.api.deserialised == 0


@pytest.mark.parametrize("package", PACKAGES)
def test_a_device_that_went_away_is_told(gpu, scene, package) -> None:
    gpu.build(scene.path)
    gpu.device.is_present = False
    with pytest.raises(Unavailable, match="device"):
        TensorRtBackend(scene, cuda=package)


def test_an_engine_that_tensorrt_refuses_leaves_nothing_behind(gpu, scene, monkeypatch) -> None:
    gpu.build(scene.path)
    monkeypatch.setattr("simulated_tensorrt.MAGIC", b"another version\n")
    with pytest.raises(BadModel, match="magic tag does not match"):
        TensorRtBackend(scene)
    assert gpu.device.live == 0


@pytest.mark.parametrize(
    "other",
    [{"height": 64}, {"motion": MotionSettings(pooling=Pooling.MEAN)}],
    ids=["frame", "motion"],
)
def test_an_engine_of_other_shapes_is_refused(gpu, scene, make, other) -> None:
    make.scene(scene.path, make.card(), metadata=make.card(**other).encode())
    gpu.build(scene.path)
    with pytest.raises(BadModel, match="shapes do not fit"):
        TensorRtBackend(SceneModel.read(scene.path))
    assert gpu.device.live == 0


def test_where_there_is_no_engine_the_command_that_builds_it_is_told(gpu, scene) -> None:
    with pytest.raises(BadModel, match=r"scene\.tensorrt-jetson-orin-nx-sm87\.engine is not there"):
        TensorRtBackend(scene)


def test_an_old_tensorrt_is_refused(gpu, scene, monkeypatch) -> None:
    monkeypatch.setattr(gpu.api, "__version__", "8.6.2")
    with pytest.raises(Unavailable, match=r"TensorRT 8\.6\.2 is too old"):
        TensorRtBackend(scene)


def test_the_name_says_what_runs_where(gpu, scene) -> None:
    gpu.build(scene.path)
    engine = TensorRtBackend(scene)
    assert (engine.name, engine.device) == ("tensorrt", "Orin")
    engine.close()


def test_paths_of_engines_tell_devices_apart(gpu, scene: SceneModel) -> None:
    assert gpu.build(scene.path) == Path(
        scene.path.with_name("scene.tensorrt-jetson-orin-nx-sm87.engine")
    )
