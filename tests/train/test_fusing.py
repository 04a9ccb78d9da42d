"""Energies become comparable, the joint one hears its neighbours, and the largest is heard."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from torch import Tensor

from edge_vad.scene_model import Calibration, Energies
from edge_vad_train.network import EnergyMaps, comparable, fuse, with_neighbours

maps = arrays(
    np.float32,
    st.tuples(st.just(2), st.integers(1, 6), st.integers(1, 6)),
    elements=st.floats(-30, 30, width=32),
)


def around(calibrated: np.ndarray, row: int, column: int) -> np.ndarray:
    """A cell and those around it, in double precision, (frames, cells)."""
    rows = slice(max(0, row - 1), row + 2)
    columns = slice(max(0, column - 1), column + 2)
    return calibrated[:, rows, columns].reshape(len(calibrated), -1).astype(np.float64)


@given(maps)
def test_a_cell_and_its_neighbours_say_the_log_of_their_mean_exponential(
    calibrated: np.ndarray,
) -> None:
    said = with_neighbours(torch.from_numpy(calibrated)).numpy()
    assert said.shape == calibrated.shape
    for row, column in np.ndindex(calibrated.shape[1:]):
        cells = around(calibrated, row, column)
        expected = np.log(np.exp(cells).mean(1))
        np.testing.assert_allclose(said[:, row, column], expected, rtol=1e-4, atol=1e-4)
        assert (said[:, row, column] >= cells.mean(1) - 1e-3).all()
        assert (said[:, row, column] <= cells.max(1) + 1e-3).all()


def test_what_several_cells_say_is_heard_better_than_what_one_says() -> None:
    one, several = torch.zeros(1, 7, 7), torch.zeros(1, 7, 7)
    one[0, 3, 3] = 4
    several[0, 2:5, 2:5] = 4
    assert float(with_neighbours(one).max()) < 2.2
    assert float(with_neighbours(several).max()) == pytest.approx(4)


@pytest.mark.parametrize("far", [-1e9, 1e9])
def test_however_far_out_an_energy_is_its_anomaly_is_a_number(far: float) -> None:
    assert torch.isfinite(with_neighbours(torch.full((1, 3, 3), far))).all()


def calibrations(*weights: float) -> Energies:
    return Energies(*(Calibration(location=1.0, scale=2.0, weight=each) for each in weights))


def energy(value: float) -> Tensor:
    single = torch.ones(1, 5, 5)
    single[0, 2, 2] = value
    return single


def test_only_the_joint_energy_hears_its_neighbours() -> None:
    say = calibrations(1, 1, 1)
    for name in ("appearance", "motion"):
        assert torch.equal(comparable(name, energy(7.0), say), (energy(7.0) - 1) / 2)
    joint = comparable("joint", energy(7.0), say)
    assert torch.equal(joint, with_neighbours((energy(7.0) - 1) / 2))


def test_the_largest_is_heard_each_by_its_weight_and_none_without() -> None:
    energies = EnergyMaps(energy(100.0), energy(9.0), energy(9.0).flip(2).roll(2, 2))
    motion = 0.5 * (energies.motion - 1) / 2
    joint = with_neighbours((energies.joint - 1) / 2)
    assert (motion > joint).any()
    assert (joint > motion).any()
    everywhere = EnergyMaps(*(torch.ones_like(each) for each in energies))
    both = fuse(energies, everywhere, calibrations(0, 0.5, 1))
    assert torch.equal(both, torch.maximum(motion, joint))
    assert torch.equal(fuse(energies, everywhere, calibrations(0, 0, 0.5)), 0.5 * joint)


def test_each_energy_is_attributed_to_where_something_is_for_it() -> None:
    energies = EnergyMaps(energy(9.0), energy(9.0), energy(-3.0))
    here, nowhere = torch.ones(1, 5, 5), torch.zeros(1, 5, 5)
    for looks, moves, expected in ((here, nowhere, 0.0), (nowhere, here, 4.0)):
        presences = EnergyMaps(looks, moves, looks)
        fused = fuse(energies, presences, calibrations(0, 1, 1))
        assert float(fused[0, 2, 2]) == pytest.approx(expected, abs=1e-6)
