from __future__ import annotations

import numpy as np
import pytest
import torch

from edge_vad.backends import ModelInput
from edge_vad_bench.baselines.resized import stretch
from edge_vad_bench.baselines.torch_backends import TorchBackend, dense, patch_by_patch
from edge_vad_train.checkpoint import load_trained


@pytest.fixture(scope="module")
def scene(trained):
    return load_trained(trained)


@pytest.fixture(scope="module")
def inputs(scene):
    frames, motion = scene.sample_frames.numpy(), scene.sample_motion.numpy()
    return [ModelInput(frames[index][None], motion[index][None]) for index in range(3)]


def test_patch_by_patch_and_dense_give_the_same_map(scene, inputs):
    slow = TorchBackend("patches", patch_by_patch(scene.network))
    fast = TorchBackend("dense", dense(scene.network))
    for each in inputs:
        ours, theirs = fast.infer(each), slow.infer(each)
        np.testing.assert_allclose(ours.anomaly_map, theirs.anomaly_map, rtol=1e-3, atol=1e-3)
        np.testing.assert_allclose(ours.score, theirs.score, rtol=1e-3, atol=1e-3)


def test_a_scene_can_be_stretched_to_another_size_and_number_of_components(scene):
    components = {name: 5 + number for number, name in enumerate(scene.design.components)}
    larger = stretch(scene, 160, 120, components)
    with torch.inference_mode():
        anomaly_map, *_ = larger.network(larger.sample_frames, larger.sample_motion)
    grid = larger.card.grid
    assert anomaly_map.shape == (2, grid.rows, grid.columns)
    assert bool(torch.isfinite(anomaly_map).all())
    energies = larger.network.energies.energies
    assert {name: each.components for name, each in energies.items()} == components


@pytest.mark.long
def test_the_command_measures_all_baselines_in_turns(edge_vad, trained, tmp_path):
    from edge_vad_bench import store

    model = tmp_path / "street.onnx"
    assert edge_vad("export", trained, "--out", model).code == 0
    source = "test://street?seed=1&frames=80&size=128x96"
    words = ("bench", model, "--source", source, "--out", tmp_path / "out", "--quick")
    answer = edge_vad(*words, "--only", "projection", "--peers", trained, "--threads", 1)
    assert answer.code == 0, answer.err
    report = store.read(tmp_path / "out")
    assert [row.name for row in report.rows if row.group == "peers"][:2] == [
        "Compute/PyTorch, patch by patch",
        "Compute/PyTorch, dense, eager",
    ]
    assert report.agreements
    assert all(each.holds for each in report.agreements)
