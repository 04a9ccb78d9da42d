from __future__ import annotations

import numpy as np
import pytest
import torch

from edge_vad.backends import Inputs
from edge_vad.scene_model import Calibration, Energies
from edge_vad_bench.peers.numpy_energy import NumpyEnergyBackend
from edge_vad_bench.peers.numpy_energy import comparable as in_numpy
from edge_vad_bench.peers.resized import stretch
from edge_vad_bench.peers.torch_backends import TorchBackend, dense, patch_by_patch
from edge_vad_train.checkpoint import load_trained
from edge_vad_train.network import comparable


@pytest.fixture(scope="module")
def scene(trained):
    return load_trained(trained)


@pytest.fixture(scope="module")
def inputs(scene):
    frames, motion = scene.sample_frames.numpy(), scene.sample_motion.numpy()
    return [Inputs(frames[index][None], motion[index][None]) for index in range(3)]


def test_patch_by_patch_and_dense_give_the_same_map(scene, inputs):
    slow = TorchBackend("patches", patch_by_patch(scene.network))
    fast = TorchBackend("dense", dense(scene.network))
    for each in inputs:
        ours, theirs = fast.infer(each), slow.infer(each)
        np.testing.assert_allclose(ours.anomaly_map, theirs.anomaly_map, rtol=1e-3, atol=1e-3)
        np.testing.assert_allclose(ours.score, theirs.score, rtol=1e-3, atol=1e-3)


def test_energy_in_numpy_gives_the_same_map(scene, inputs):
    outside = NumpyEnergyBackend(scene, threads=1)
    fast = TorchBackend("dense", dense(scene.network))
    for each in inputs:
        ours, theirs = fast.infer(each), outside.infer(each)
        np.testing.assert_allclose(ours.anomaly_map, theirs.anomaly_map, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("name", ["motion", "joint"])
@pytest.mark.parametrize("peak", [5.0, 40.0, 300.0])
@pytest.mark.parametrize("ground", [None, -1.0])
def test_in_numpy_an_energy_is_made_comparable_as_in_the_network(name, peak, ground):
    energy = np.random.default_rng(0).normal(size=(1, 7, 9)).astype(np.float32)
    energy[0, 3, 4] = peak
    calibration = Calibration(location=0.5, scale=1.5, weight=1.0, ground=ground)
    ours = comparable(name, torch.from_numpy(energy), Energies(*3 * [calibration])).numpy()
    np.testing.assert_allclose(in_numpy(name, energy, calibration), ours, rtol=1e-4, atol=1e-4)


def test_a_scene_can_be_stretched_to_another_size_and_number_of_components(scene):
    larger = stretch(scene, 160, 120, (7, 5, 9))
    with torch.inference_mode():
        output = larger.network(larger.sample_frames, larger.sample_motion)
    grid = larger.card.grid
    assert output.anomaly_map.shape == (2, grid.rows, grid.columns)
    assert bool(torch.isfinite(output.anomaly_map).all())
    assert [each.components for each in larger.network.energies.mixtures] == [7, 5, 9]


@pytest.mark.long
def test_the_command_measures_all_peers_side_by_side(edge_vad, trained, tmp_path):
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
