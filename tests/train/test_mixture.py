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

from edge_vad_train.mixture import (
    MOST_LIFT,
    PLACE_DOUBT,
    Mixture,
    SampleEnergy,
    place_lift,
)

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
    lift = place_lift(np.random.default_rng(seed).gamma(1.0, 9.0, (components, 2, 3)))
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


counts = st.integers(1, 4).flatmap(
    lambda k: arrays(np.float32, (k, 4, 5), elements=st.floats(0.0625, 1000, width=32))
)


@given(counts)
def test_what_is_seen_as_often_everywhere_is_lifted_nowhere(seen: np.ndarray) -> None:
    everywhere = np.broadcast_to(seen[:, :1, :1], seen.shape)
    np.testing.assert_allclose(place_lift(everywhere), 0, atol=1e-4)


@given(counts)
def test_no_place_is_without_hope(seen: np.ndarray) -> None:
    """However rare a component is at a place, the pseudo-count bounds what it costs there."""
    lift = place_lift(seen).numpy()
    frames = seen.sum(0)
    lowest = np.log(PLACE_DOUBT * frames.mean() / (frames.max() + PLACE_DOUBT * frames.mean()))
    assert np.isfinite(lift).all()
    assert lift.min() >= lowest - 1e-3


def test_a_component_is_lifted_where_it_was_seen_and_lowered_where_not() -> None:
    seen = np.full((2, 20, 20), 100, np.float32)
    seen[1, :, :10], seen[1, :, 10:] = 50, 0
    lift = place_lift(seen)[0, 1]
    assert float(lift[10, 2]) > 0.3
    assert float(lift[10, 18]) < -1.5


def test_what_was_seen_beside_a_place_tells_more_of_it_than_what_was_seen_above() -> None:
    seen = np.full((2, 9, 9), 100, np.float32)
    seen[1], seen[:, 4, 4] = 20, 60
    lift = place_lift(seen)[0, 1]
    assert float(lift[4, 5]) == pytest.approx(float(lift[4, 3]), abs=1e-3)
    assert float(lift[3, 4]) + 0.05 < float(lift[4, 5]) < MOST_LIFT


def test_what_is_seen_at_one_place_only_is_lifted_there_up_to_a_bound() -> None:
    seen = np.full((2, 9, 9), 100, np.float32)
    seen[1], seen[:, 4, 4] = 0, 50
    assert float(place_lift(seen, 3.0).max()) == pytest.approx(3 * MOST_LIFT)


@given(counts, st.floats(0, 8))
def test_more_say_lifts_as_much_more(seen: np.ndarray, say: float) -> None:
    torch.testing.assert_close(place_lift(seen, say), say * place_lift(seen), rtol=1e-4, atol=1e-4)


def test_where_nothing_was_seen_at_all_no_place_is_lifted() -> None:
    assert not place_lift(np.zeros((2, 3, 3), np.float32), 4.0).any()


def test_a_component_that_was_never_seen_breaks_nothing() -> None:
    seen = np.full((2, 3, 3), 10, np.float32)
    seen[1] = 0
    assert torch.isfinite(place_lift(seen)).all()
