"""Energies are fitted to what moves, and for each fold without it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from edge_vad_train.data.footage import FOLDS, Footage, FrameSettings, FrameSize, Segment
from edge_vad_train.fitting.cells import Cells, draw_cells
from edge_vad_train.fitting.mixtures import FittedEnergies, fit_energies
from edge_vad_train.model.background import Background
from edge_vad_train.model.mixture import SampleEnergy
from edge_vad_train.model.scene_network import JOINT, PHYSICAL
from edge_vad_train.model.stream_inputs import CELL_FEATURES, PerspectiveInputs
from edge_vad_train.model.vae import Architecture, Encoder, Layer

GRID = (5, 6)
LAYERS = (Layer(4, 3, 2), Layer(3, 3, 1))
ENCODERS = {"appearance": Architecture(1, LAYERS, 2, 1), "motion": Architecture(2, LAYERS, 3, 1)}
SIDE = 64


def cells_of(count: int, seed: int = 0, shift: float = 0.0) -> Cells:
    """Random cells; those of fold f lie about f * shift."""
    rng = np.random.default_rng(seed)
    fold = rng.integers(0, FOLDS, count)
    latents = {
        name: (rng.normal(size=(count, size)) + shift * fold[:, None]).astype(np.float32)
        for name, size in {"motion": 3, PHYSICAL: CELL_FEATURES}.items()
    }
    return Cells(latents, rng.integers(0, GRID[0] * GRID[1], count), fold)


def fitted(cells: Cells, seed: int = 0) -> FittedEnergies:
    return fit_energies(cells, GRID, 3, 10_000, seed)


def energy_at(energy: SampleEnergy, value: float) -> float:
    """Mean energy of a latent all over the grid."""
    return float(energy(torch.full((1, energy.weight.shape[1], *GRID), value)).mean())


def test_energies_of_a_fold_do_not_know_it_and_the_last_know_all() -> None:
    without, of_all, _ = fitted(cells_of(1200, shift=20.0))
    assert len(without) == FOLDS
    for fold in range(FOLDS):
        for name, energy in of_all.items():
            known = [energy_at(each[name], 20.0 * fold) for each in without]
            assert known[fold] > energy_at(energy, 20.0 * fold) + 20
            assert max(each for n, each in enumerate(known) if n != fold) < known[fold] - 20


def test_the_gap_is_how_much_higher_the_mean_energy_is_in_a_fold_that_was_left_out() -> None:
    alike, apart = (fitted(cells_of(4000, shift=shift)).gaps for shift in (0.0, 3.0))
    for name in ("motion", PHYSICAL):
        assert alike[name] == pytest.approx(0.0, abs=0.5)
        assert apart[name] > alike[name] + 1
    few = fitted(cells_of(200)).gaps
    assert few[PHYSICAL] > alike[PHYSICAL] + 0.2


def test_there_is_no_gap_where_one_fold_has_all_that_ever_moves() -> None:
    cells = cells_of(400)
    assert set(fitted(cells._replace(fold=np.ones(400, np.intp))).gaps.values()) == {0.0}


def test_the_seed_decides_alone() -> None:
    cells = cells_of(800)
    one, again, other = (fitted(cells, seed).final["motion"] for seed in (1, 1, 2))
    for name, value in one.state_dict().items():
        assert torch.equal(value, again.state_dict()[name])
    assert not torch.equal(one.weight, other.weight)


def test_a_place_at_rest_is_as_anomalous_as_a_quarter_of_what_moves() -> None:
    cells = cells_of(2000)
    energy = fitted(cells).final["motion"]
    every = _at_places(energy, cells)
    assert float(every.quantile(0.25)) == pytest.approx(float(energy.rest), abs=0.05)


def _at_places(energy: SampleEnergy, cells: Cells) -> torch.Tensor:
    latents = torch.from_numpy(cells.latents["motion"])[:, :, None, None].expand(-1, -1, *GRID)
    maps = energy(latents).flatten(1)
    return maps[torch.arange(len(maps)), torch.from_numpy(cells.cell)]


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 16, 17, 40])
def test_of_hardly_any_cells_there_are_energies_too(count: int) -> None:
    without, of_all, gaps = fitted(cells_of(count))
    assert np.isfinite(list(gaps.values())).all()
    for energies in (*without, of_all):
        for energy in energies.values():
            assert np.isfinite(energy_at(energy, 0.0))
            assert np.isfinite(energy_at(energy, 5.0))
            assert np.isfinite(float(energy.rest))


def test_every_mixture_is_told_of_and_has_its_components() -> None:
    told: list[int] = []
    cells = cells_of(400)
    of_all = fit_energies(cells, GRID, 3, 100, 0, told.append).final
    assert sum(told) == (FOLDS + 1) * len(cells.latents)
    assert {name: each.components for name, each in of_all.items()} == {"motion": 3, PHYSICAL: 16}
    assert all(each.constant.shape[2:] == GRID for each in of_all.values())


def moving_footage(moves: bool, lengths: tuple[int, ...] = (12, 12, 12, 12)) -> Footage:
    """A grey street along which a dark square goes, or nothing."""
    segments = []
    for number, length in enumerate(lengths):
        frames = np.full((length, SIDE, SIDE, 3), 100, np.uint8)
        motion = np.zeros((length, 3, SIDE // 4, SIDE // 4), np.float16)
        for index in range(length if moves else 0):
            left = 2 * index
            frames[index, 20:40, left : left + 16] = 10
            motion[index, 0::2, 5:10, left // 4 : left // 4 + 4] = 2
        segments.append(Segment(frames, motion, number % FOLDS, has_motion=number == 1))
    settings = FrameSettings(FrameSize(SIDE, SIDE), 10.0, 999)
    return Footage(settings, ("a",), 0, (), sum(lengths), 10.0, True, tuple(segments))


def cells_drawn(footage: Footage, seed: int = 0) -> Cells:
    torch.manual_seed(0)
    encoders = {name: Encoder(each).eval() for name, each in ENCODERS.items()}
    motion = ENCODERS["motion"]
    rows = (SIDE // 4 - motion.patch) // motion.stride + 1
    background = Background(torch.full((1, 1, SIDE // 2, SIDE // 2), 100 / 255))
    make_inputs = PerspectiveInputs(background, torch.full((rows,), 2.0), motion)
    return draw_cells(footage, make_inputs, encoders, seed)


def test_cells_are_those_in_which_something_is_or_moves() -> None:
    cells = cells_drawn(moving_footage(moves=True))
    sizes = {name: each.shape[1] for name, each in cells.latents.items()}
    assert sizes == {"appearance": 2, "motion": 3, JOINT: 5, PHYSICAL: CELL_FEATURES}
    assert {len(each) for each in cells.latents.values()} == {len(cells.cell)}
    assert set(cells.fold) == set(range(FOLDS))
    assert len(cells.cell) > 100
    speed, foreground = cells.latents[PHYSICAL][:, 0], cells.latents[PHYSICAL][:, 3]
    assert speed.mean() > 0.2
    assert foreground.mean() > 0.2
    both = [cells.latents[name] for name in ("appearance", "motion")]
    np.testing.assert_array_equal(cells.latents[JOINT], np.concatenate(both, 1))


def test_drawing_is_decided_by_the_seed() -> None:
    one, again, other = (cells_drawn(moving_footage(moves=True), seed) for seed in (1, 1, 2))
    for name, latents in one.latents.items():
        np.testing.assert_array_equal(latents, again.latents[name])
        assert not np.array_equal(latents, other.latents[name])


def test_where_nothing_ever_moves_no_cell_is_drawn_and_all_scores_are_numbers() -> None:
    cells = cells_drawn(moving_footage(moves=False))
    assert len(cells.cell) == 0
    without, of_all, _ = fit_energies(cells, GRID, 3, 100, 0)
    for energies in (*without, of_all):
        for energy in energies.values():
            assert np.isfinite(energy_at(energy, 3.0))


@pytest.mark.parametrize("lengths", [(12, 1, 12, 1), (1, 12, 1, 12)])
def test_stretches_of_a_single_frame_hinder_nothing(lengths: tuple[int, ...]) -> None:
    assert len(cells_drawn(moving_footage(True, lengths)).cell) > 50
