"""Fitting of mixtures to latents."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from edge_vad_train.fitting import em
from edge_vad_train.fitting.em import fit_mixture
from edge_vad_train.model.mixture import Mixture, SampleEnergy


def by_scikit_learn(latents: np.ndarray, components: int, seed: int, floor: float) -> Mixture:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted = GaussianMixture(
            components,
            reg_covar=floor,
            max_iter=em._ITERATIONS,
            tol=em._LEAST_GAIN,
            init_params="k-means++",
            random_state=seed,
        ).fit(latents.astype(np.float64))
    return Mixture(np.log(fitted.weights_), fitted.means_, fitted.precisions_cholesky_)


@given(
    st.integers(1, 6),
    st.integers(1, 5),
    st.sampled_from([1e-3, 0.01, 0.1]),
    st.sampled_from([0.0, 5.0, -100.0]),
    st.integers(0, 2**31 - 1),
)
@settings(max_examples=30, derandomize=True)
def test_the_mixture_is_the_one_that_scikit_learn_fits(
    components: int, dimensions: int, floor: float, origin: float, seed: int
) -> None:
    """What is summed in blocks, as moments, is what it takes apart component by component."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(components, dimensions))
    spread = rng.uniform(0.05, 0.5, (components, dimensions, dimensions))
    which = rng.integers(components, size=4100)
    noise = rng.normal(size=(4100, 1, dimensions))
    latents = (origin + centres[which] + (noise @ spread[which])[:, 0]).astype(np.float32)
    ours = fit_mixture(latents, components, seed, floor)
    theirs = by_scikit_learn(latents, components, seed, floor)
    for name in ("log_weights", "means", "precision_factors"):
        np.testing.assert_allclose(getattr(ours, name), getattr(theirs, name), 1e-5, 1e-5)


@pytest.mark.parametrize("floor", [1e-3, 0.01, 0.5])
def test_no_covariance_is_narrower_than_the_noise_floor(floor: float) -> None:
    rng = np.random.default_rng(1)
    still = rng.normal(size=(1, 3)) + 1e-6 * rng.normal(size=(400, 3))
    line = rng.normal(size=(400, 1)) * [1.0, 2.0, 3.0]
    mixture = fit_mixture(np.concatenate([still, line]).astype(np.float32), 3, 0, floor)
    precisions = mixture.precision_factors @ mixture.precision_factors.transpose(0, 2, 1)
    narrowest = 1 / np.linalg.eigvalsh(precisions).max()
    assert floor * 0.999 <= narrowest < floor * 1.5


def test_a_fitted_mixture_finds_the_clusters_and_their_shares() -> None:
    rng = np.random.default_rng(2)
    centres = np.array([[0.0, 0.0], [8.0, 0.0], [0.0, 8.0]])
    counts = (200, 300, 500)
    latents = np.concatenate(
        [centre + rng.normal(size=(n, 2)) for centre, n in zip(centres, counts, strict=True)]
    )
    mixture = fit_mixture(latents.astype(np.float32), 3, seed=0)
    for centre, count in zip(centres, counts, strict=True):
        distance = np.linalg.norm(mixture.means - centre, axis=1)
        assert distance.min() < 0.3
        assert np.exp(mixture.log_weights)[distance.argmin()] == pytest.approx(
            count / 1000, abs=0.02
        )


def test_the_same_seed_gives_the_same_mixture() -> None:
    latents = np.random.default_rng(3).normal(size=(500, 3)).astype(np.float32)
    first, second = (fit_mixture(latents, 4, seed=7) for _ in range(2))
    for name in ("log_weights", "means", "precision_factors"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))


def test_latents_that_are_all_alike_have_a_mixture_too() -> None:
    mixture = fit_mixture(np.full((50, 2), 3.0, np.float32), 2, seed=0, noise_floor=0.04)
    energy = SampleEnergy(mixture)(torch.tensor([3.0, 3.0]).reshape(1, 2, 1, 1))
    assert float(energy) == pytest.approx(np.log(2 * np.pi * 0.04), abs=1e-3)
