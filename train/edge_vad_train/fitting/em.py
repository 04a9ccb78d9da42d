"""Fits Gaussian mixtures by expectation maximisation.

To the same numbers as scikit-learn's `GaussianMixture`, which takes the components one by one and
five to eight times as long.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import kmeans_plusplus

from edge_vad_train.model.mixture import Mixture

Floats = NDArray[np.float64]

NOISE_FLOOR = 1e-4
"""Added to every variance, so that what never changes has one."""

_ITERATIONS = 60

_LEAST_GAIN = 3e-3
"""Nats a latent; what iterations bring after one that brought less is not worth the wait."""

_BLOCK = 2000
"""Latents that are processed together, so that intermediate results fit into the cache."""


def fit_mixture(
    latents: NDArray[np.float32], components: int, seed: int, noise_floor: float = NOISE_FLOOR
) -> Mixture:
    """Fit a mixture by expectation maximisation (Dempster, Laird and Rubin 1977).

    The logarithm of a Gaussian is linear in the moments of a point, `1`, `x_i` and `x_i x_j`, and
    so are the sums that means and covariances come from: each step is one matrix product of the
    same moments for all components. The first means are points that k-means++ draws.

    Args:
        latents: float32, (n, D).
        components: K, at most n.
        seed: Seed of the first means.
        noise_floor: Added to the diagonal of every covariance.
    """
    points = latents.astype(np.float64)
    _, first = kmeans_plusplus(points, components, random_state=seed)
    origin = points.mean(0)  # far from zero a variance would be the difference of large numbers
    moments = _moments(points - origin)
    mixture = _m_step(moments[first], noise_floor)
    likelihood = -math.inf
    for _ in range(_ITERATIONS):
        before = likelihood
        sums, likelihood = _e_step(moments, mixture)
        mixture = _m_step(sums, noise_floor)
        if abs(likelihood - before) < _LEAST_GAIN:
            break
    return Mixture(mixture.log_weights, mixture.means + origin, mixture.precision_factors)


def _moments(points: Floats) -> Floats:
    """`1`, `x_i`, and `x_i x_j` for i <= j, of every point: (n, 1 + D + D (D + 1) / 2)."""
    first, second = np.triu_indices(points.shape[1])
    products = points[:, first] * points[:, second]
    return np.concatenate([np.ones((len(points), 1)), points, products], 1)


def _e_step(moments: Floats, mixture: Mixture) -> tuple[Floats, float]:
    """The moments summed by how far each component is responsible, and the mean log likelihood.

    Args:
        moments: (n, M), see `_moments`.
        mixture: What is responsible.

    Returns:
        (K, M), and nats a point.
    """
    weights = _log_joint_weights(mixture)
    sums, likelihood = np.zeros_like(weights), 0.0
    for start in range(0, len(moments), _BLOCK):
        block = moments[start : start + _BLOCK]
        log_joint = block @ weights.T
        highest = log_joint.max(1, keepdims=True)
        shares = np.exp(log_joint - highest)
        total = shares.sum(1, keepdims=True)
        likelihood += float((highest + np.log(total)).sum())
        shares /= total
        sums += shares.T @ block
    return sums, likelihood / len(moments)


def _log_joint_weights(mixture: Mixture) -> Floats:
    """(K, M): times the moments of a point, what `log phi_k + log N(x; mu_k, Sigma_k)` is there."""
    factors = mixture.precision_factors
    precisions = factors @ factors.transpose(0, 2, 1)
    pulls = np.einsum("kij,kj->ki", precisions, mixture.means)
    dimensions = mixture.means.shape[1]
    constants = (
        mixture.log_weights
        + np.log(np.diagonal(factors, axis1=1, axis2=2)).sum(1)
        - 0.5 * (pulls * mixture.means).sum(1)
        - dimensions / 2 * math.log(2 * math.pi)
    )
    first, second = np.triu_indices(dimensions)
    products = -np.where(first == second, 0.5, 1.0) * precisions[:, first, second]
    return np.concatenate([constants[:, None], pulls, products], 1)


def _m_step(sums: Floats, noise_floor: float) -> Mixture:
    """The mixture that is likeliest given sums of moments, (K, M), its variances raised."""
    counts = sums[:, 0] + 10 * np.finfo(np.float64).eps  # nobody's component has a mean, too
    dimensions = math.isqrt(2 * sums.shape[1]) - 1
    means, products = np.split(sums[:, 1:] / counts[:, None], [dimensions], axis=1)
    first, second = np.triu_indices(dimensions)
    covariances = np.empty((len(sums), dimensions, dimensions))
    covariances[:, first, second] = covariances[:, second, first] = products
    covariances -= means[:, :, None] * means[:, None, :]
    covariances += noise_floor * np.eye(dimensions)
    factors = np.linalg.inv(np.linalg.cholesky(covariances)).transpose(0, 2, 1)
    return Mixture(np.log(counts / counts.sum()), means, factors)
