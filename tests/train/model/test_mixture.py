"""Mixtures over latents, and the sample energy under them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import solve_triangular
from scipy.special import logsumexp
from scipy.stats import multivariate_normal

from edge_vad_train.model.mixture import Mixture, SampleEnergy

small = st.integers(1, 4)
seeds = st.integers(0, 2**31 - 1)


class Known:
    """A random mixture, with its covariances."""

    def __init__(self, components: int, dimensions: int, seed: int) -> None:
        rng = np.random.default_rng(seed)
        weights = rng.dirichlet(np.ones(components))
        roots = rng.normal(size=(components, dimensions, dimensions))
        self.means = rng.normal(size=(components, dimensions))
        self.covariances = roots @ roots.transpose(0, 2, 1) + 0.2 * np.eye(dimensions)
        factors = [
            solve_triangular(np.linalg.cholesky(each), np.eye(dimensions), lower=True).T
            for each in self.covariances
        ]
        self.mixture = Mixture(np.log(weights), self.means, np.array(factors))

    def energy(self, samples: np.ndarray) -> np.ndarray:
        """The sample energy of (n, D), by scipy."""
        densities = [
            np.atleast_1d(multivariate_normal(mean, covariance).logpdf(samples))
            for mean, covariance in zip(self.means, self.covariances, strict=True)
        ]
        return -logsumexp(self.mixture.log_weights[:, None] + np.array(densities), axis=0)


@given(small, small, seeds)
@settings(max_examples=60)
def test_the_energy_is_the_mixtures_negative_log_density(
    components: int, latent: int, seed: int
) -> None:
    known = Known(components, latent, seed)
    maps = torch.randn(2, latent, 3, 4, generator=torch.Generator().manual_seed(seed))
    energy = SampleEnergy(known.mixture)(maps)
    assert energy.shape == (2, 3, 4)
    expected = known.energy(maps.permute(0, 2, 3, 1).flatten(0, 2).double().numpy())
    np.testing.assert_allclose(energy.flatten(), expected, rtol=1e-4, atol=1e-3)


@given(small, small, seeds)
@settings(max_examples=30)
def test_at_every_place_the_energy_is_that_of_a_mixture_with_the_places_weights(
    components: int, latent: int, seed: int
) -> None:
    known = Known(components, latent, seed)
    maps = torch.randn(1, latent, 2, 3, generator=torch.Generator().manual_seed(seed))
    log_prior = torch.randn(1, components, 2, 3, generator=torch.Generator().manual_seed(seed))
    energy = SampleEnergy(known.mixture, log_prior)(maps)
    for row, column in np.ndindex(2, 3):
        there = replace(
            known.mixture,
            log_weights=known.mixture.log_weights + log_prior[0, :, row, column].double().numpy(),
        )
        expected = SampleEnergy(there)(maps[:, :, row : row + 1, column : column + 1])
        assert float(energy[0, row, column]) == pytest.approx(float(expected), rel=1e-4, abs=1e-3)


@given(small, small, st.none() | st.tuples(st.integers(1, 5), st.integers(1, 5)), seeds)
@settings(max_examples=30)
def test_an_empty_energy_takes_up_a_state_whole(
    components: int, latent: int, cells: tuple[int, int] | None, seed: int
) -> None:
    log_prior = None if cells is None else torch.randn(1, components, *cells)
    energy = SampleEnergy(Known(components, latent, seed).mixture, log_prior)
    again = SampleEnergy.empty(components, latent, cells)
    again.load_state_dict(energy.state_dict())
    maps = torch.randn(1, latent, *(cells or (3, 4)))
    assert torch.equal(again(maps), energy(maps))


@given(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3), st.floats(0, 1))
def test_a_place_at_rest_has_the_energy_of_rest(rest: float, energy: float, active: float) -> None:
    sample = SampleEnergy(Known(2, 2, 0).mixture, rest=rest)
    map_ = torch.full((1, 2, 2), energy)
    assert sample.at_rest_where(map_, None) is map_
    between = sample.at_rest_where(map_, torch.full((1, 1, 2, 2), active))
    torch.testing.assert_close(
        between, torch.full_like(map_, rest + (energy - rest) * active), rtol=1e-4, atol=1e-3
    )
