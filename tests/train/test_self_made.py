"""Anomalies made from ordinary footage, and the weights that follow from them."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F

from edge_vad_train.appearance import GLANCE, difference
from edge_vad_train.checkpoint import load_trained
from edge_vad_train.footage import Stretch
from edge_vad_train.network import EnergyMaps, Streams, attribute, score_by_all
from edge_vad_train.self_made import (
    KINDS,
    Peaks,
    _busiest,
    _changed,
    choose_weights,
    measure_peaks,
)

rng = np.random.default_rng(5)
FRAMES = 400


def peaks(**seen: set[str]) -> Peaks:
    """Each energy, by name, finds these kinds and no other."""

    def frames(kind: str) -> np.ndarray:
        shifts = [8.0 if kind in seen.get(name, set()) else 0.0 for name in EnergyMaps._fields]
        return (rng.standard_normal((FRAMES, 3)) + shifts).astype(np.float32)

    return Peaks(frames("none"), {kind: frames(kind) for kind in KINDS})


def test_an_energy_that_finds_no_more_than_motion_has_no_say() -> None:
    choice = choose_weights(peaks(motion={"sped_up", "reversed"}, joint={"sped_up"}))
    assert choice.weights == (0.0, 1.0, 0.0)


def test_an_energy_that_finds_what_motion_misses_has_a_say() -> None:
    weights, aucs, _ = choose_weights(
        peaks(motion={"sped_up"}, joint={"frozen", "turned", "enlarged"}, appearance=set())
    )
    assert weights[0] == 0
    assert weights[1] > 0
    assert weights[2] > 0
    assert max(weights) == 1
    assert list(aucs) == list(KINDS)
    assert aucs["frozen"] > 0.9
    assert aucs["transplanted"] == pytest.approx(0.5, abs=0.1)


def test_motion_keeps_its_say_where_it_finds_what_the_others_miss() -> None:
    weights = choose_weights(peaks(joint=set(KINDS) - {"sped_up"}, motion={"sped_up"})).weights
    assert weights[1] > 0
    assert weights[2] > 0


def test_motion_that_finds_nothing_beside_the_others_has_no_say() -> None:
    assert choose_weights(peaks(joint=set(KINDS), motion={"sped_up"})).weights == (0.0, 0.0, 1.0)


def moving(rows: int = 60, columns: int = 80) -> tuple[torch.Tensor, torch.Tensor]:
    look, move = torch.zeros(1, 3, rows, columns), torch.zeros(1, 2, rows, columns)
    look[:, :, 20:40, 30:40] = 0.4
    move[:, 0, 20:40, 30:40] = 2.0
    return look, move


def test_where_nobody_moves_nothing_can_be_made() -> None:
    look, move = moving()
    assert _busiest(look, torch.zeros_like(move)) is None


def test_where_the_flow_of_noise_is_all_that_moves_nothing_can_be_made() -> None:
    look, move = moving()
    noise = torch.rand(move.shape, generator=torch.Generator().manual_seed(0)) * 2
    grain = torch.full_like(look, 0.03)
    assert _busiest(grain, noise) is None
    assert _busiest(torch.maximum(look, grain), torch.maximum(move, noise)) is not None


def test_every_kind_changes_what_its_name_says() -> None:
    look, move = moving()
    site = _busiest(look, move)
    assert site is not None
    changed = _changed(look, move, site, np.random.default_rng(0))
    assert set(changed) == set(KINDS)
    for kind in ("sped_up", "reversed", "frozen"):
        assert torch.equal(changed[kind][0], look)
    assert float(changed["sped_up"][1].max()) > 1.5 * float(move.max())
    assert torch.equal(changed["reversed"][1], -move)
    assert float(changed["frozen"][1].abs().max()) == 0
    assert float(changed["transplanted"][1].sum()) > 0
    assert float((changed["enlarged"][0] > 0.2).sum()) > 1.5 * float((look > 0.2).sum())
    tall = (changed["turned"][0][0, 0] > 0.2).nonzero()
    assert int(np.ptp(tall[:, 1].numpy())) > int(np.ptp(tall[:, 0].numpy()))
    assert float(move.max()) == 2.0  # the frame itself stays as it was


def test_a_trained_scene_is_measured_on_frames_in_which_somebody_moves(trained: Path) -> None:
    scene = load_trained(trained)
    frames = scene.sample_frames.numpy()
    motion = np.zeros_like(scene.sample_motion.numpy())
    calm = Stretch("calm", frames, motion.astype(np.float16))
    network = scene.network
    assert measure_peaks([([network.energies], calm)], [network.calibrations], seed=0) == []
    motion[:, 0, 10:40, 10:40] = 1.5
    seen = frames.copy()
    seen[:, 20:80, 20:80] = 255
    busy = Stretch("busy", seen, motion.astype(np.float16))
    [found] = measure_peaks([([network.energies], busy)], [network.calibrations], seed=0)
    assert found.normal.shape == (len(frames) - 1, 3)
    assert np.isfinite(found.normal).all()


def test_energies_that_share_their_work_score_as_each_does_alone(trained: Path) -> None:
    scene = load_trained(trained)
    ordinary = scene.network.energies
    elsewhere = copy.deepcopy(ordinary)
    elsewhere.joint_energy.constant.mul_(2)
    with torch.inference_mode():
        images = ordinary.images(scene.sample_frames, scene.sample_motion)
        shared = score_by_all([ordinary, elsewhere], images)
        for energies, maps in zip((ordinary, elsewhere), shared, strict=True):
            assert all(map(torch.equal, maps, energies(*images)))
    assert not torch.equal(shared[0].joint, shared[1].joint)


def test_only_what_is_strange_is_attributed() -> None:
    calibrated = torch.tensor([[[-3.0, 2.0, 2.0, 5.0]]])
    presence = torch.tensor([[[0.0, 1.0, 0.5, 0.0]]])
    assert attribute(calibrated, presence).tolist() == [[[-3.0, 2.0, 1.0, 0.0]]]


def with_cells(stride: int) -> Streams:
    """Streams without encoders, with patches of 14 px."""
    streams = Streams.__new__(Streams)
    nn.Module.__init__(streams)
    streams.patch, streams.stride = 14, stride
    return streams


def presences(streams: Streams, look: Tensor, move: Tensor) -> EnergyMaps:
    return Streams.presences(streams, look, F.avg_pool2d(difference(look), GLANCE), move)


def test_presence_is_where_something_is_and_not_beside_it(trained: Path) -> None:
    energies = load_trained(trained).network.energies
    nothing = torch.zeros(1, 3, 60, 80), torch.zeros(1, 2, 60, 80)
    look, move = nothing[0].clone(), nothing[1].clone()
    look[:, :, 26:34, 36:44] = 0.5
    move[:, :, 26:34, 36:44] = 1.5
    middle = (energies.patch - 1) / 2
    row, column = (round((at - middle) / energies.stride) for at in (29.5, 39.5))
    for seen in ((look, nothing[1]), (nothing[0], move), (look, move)):
        for presence in presences(energies, *seen):
            assert float(presence[0, row, column]) == 1
            assert float(presence[0, row, column + 4]) == 0
            assert float(presence.min()) >= 0


@pytest.mark.parametrize("stride", [2, 4, 8])
def test_wherever_something_small_is_a_cell_has_it_and_one_further_off_has_not(stride: int) -> None:
    """Cells of 4, 8 and 16 px of the frame, patches of 28."""
    streams = with_cells(stride)
    for offset in range(8):
        look, move = torch.zeros(1, 3, 60, 80), torch.zeros(1, 2, 60, 80)
        look[:, :, 24 + offset : 27 + offset, 36 + offset : 39 + offset] = 0.5
        for presence in presences(streams, look, move):
            assert float(presence.max()) == 1
            assert float(presence[0, :, 0].max()) == float(presence[0, 0].max()) == 0


@given(st.integers(28, 90), st.integers(28, 90), st.sampled_from([2, 4, 8]))
def test_a_glance_tells_of_the_same_cells_whatever_the_size(
    height: int, width: int, stride: int
) -> None:
    streams = with_cells(stride)
    look, move = (
        torch.rand(1, 3, height // 2, width // 2),
        torch.rand(1, 2, height // 2, width // 2),
    )
    glance = torch.rand(1, 1, height // 4, width // 4)
    looked, glanced, _ = Streams.presences(streams, look, glance, move)
    assert looked.shape == glanced.shape
