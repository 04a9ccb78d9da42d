"""Mixtures over latents, and the sample energy under them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.linalg import solve_triangular
from scipy.special import logsumexp
from scipy.stats import multivariate_normal

from edge_vad_train.model import mixture as module
from edge_vad_train.model.mixture import Mixture, PlacePrior, SampleEnergy, spatial_log_prior

PRIOR = PlacePrior(exponent=2.0, blur_cells=1.5)
MOST = PRIOR.exponent * module._MOST_LIFT


def lift_of(seen: np.ndarray) -> torch.Tensor:
    """The lift of components that weigh as much as they were seen."""
    weights = np.maximum(seen.sum((1, 2)), 1e-3)
    return spatial_log_prior(seen.astype(np.float32), np.log(weights / weights.sum()), PRIOR)


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
    lift = lift_of(np.random.default_rng(seed).gamma(1.0, 9.0, (components, 2, 3)))
    energy = SampleEnergy(known.mixture, lift)(maps)
    for row, column in np.ndindex(2, 3):
        there = replace(
            known.mixture,
            log_weights=known.mixture.log_weights + lift[0, :, row, column].double().numpy(),
        )
        expected = SampleEnergy(there)(maps[:, :, row : row + 1, column : column + 1])
        assert float(energy[0, row, column]) == pytest.approx(float(expected), rel=1e-4, abs=1e-3)


@given(small, small, st.none() | st.tuples(st.integers(1, 5), st.integers(1, 5)), seeds)
@settings(max_examples=30)
def test_an_empty_energy_takes_up_a_state_whole(
    components: int, latent: int, cells: tuple[int, int] | None, seed: int
) -> None:
    lift = None if cells is None else torch.randn(1, components, *cells)
    energy = SampleEnergy(Known(components, latent, seed).mixture, lift)
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


counts = st.integers(1, 4).flatmap(
    lambda k: arrays(np.float32, (k, 4, 5), elements=st.floats(0.0625, 1000, width=32))
)


@given(counts)
def test_what_is_seen_as_often_everywhere_is_lifted_nowhere(seen: np.ndarray) -> None:
    everywhere = np.broadcast_to(seen[:, :1, :1], seen.shape)
    np.testing.assert_allclose(lift_of(everywhere), 0, atol=1e-3)


def test_where_nothing_was_seen_at_all_no_place_is_lifted() -> None:
    np.testing.assert_allclose(lift_of(np.zeros((2, 3, 3))), 0, atol=1e-3)


def test_a_place_where_nobody_was_seen_among_others_is_lifted_for_nothing() -> None:
    seen = np.full((2, 30, 30), 100.0)
    seen[1] = 50
    seen[:, :, 20:] = 0
    np.testing.assert_allclose(lift_of(seen)[0, :, 15, 29], 0, atol=1e-3)


@given(counts)
def test_a_lift_is_bounded_above_and_below(seen: np.ndarray) -> None:
    """However rare a component is at a place, the pseudo-count bounds what it costs there."""
    lift = lift_of(seen).numpy()
    frames = seen.sum(0)
    doubt = module._DOUBT * frames.mean()
    lowest = PRIOR.exponent * np.log(doubt / (frames.max() + doubt))
    assert np.isfinite(lift).all()
    assert lowest - 1e-2 <= lift.min() <= lift.max() <= MOST + 1e-5


def test_a_component_is_lifted_where_it_was_seen_and_lowered_where_not() -> None:
    seen = np.full((2, 20, 20), 100.0)
    seen[1, :, :10], seen[1, :, 10:] = 50, 0
    lift = lift_of(seen)[0, 1]
    assert float(lift[10, 2]) > 0.5
    assert float(lift[10, 18]) < -2


def test_what_is_seen_at_one_place_only_is_lifted_there_up_to_a_bound() -> None:
    seen = np.full((2, 9, 9), 100.0)
    seen[1], seen[:, 4, 4] = 0, 50
    assert float(lift_of(seen).max()) == pytest.approx(MOST)


def test_what_was_seen_at_a_place_might_as_well_have_been_beside_it() -> None:
    seen = np.full((2, 15, 15), 100.0)
    seen[1], seen[:, 7, 7] = 2, 60
    lift = lift_of(seen)[0, 1]
    for near in (lift[7, 8], lift[6, 7]):
        assert float(lift[0, 0]) < float(near) <= float(lift[7, 7])


def test_a_component_that_was_never_seen_breaks_nothing() -> None:
    seen = np.full((2, 3, 3), 10.0)
    seen[1] = 0
    assert torch.isfinite(lift_of(seen)).all()
