"""Gaussian mixtures over latents, and the sample energy under them."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture
from torch import Tensor, nn
from torch.nn import functional as F

NOISE_FLOOR = 0.01
"""Added to every variance. Without it the still background makes its own noise look rare."""

_ITERATIONS = 60


@dataclass(frozen=True)
class Mixture:
    """A mixture of K Gaussians in D dimensions with full covariances.

    Attributes:
        log_weights: float64, (K,), they add up to 1 as weights.
        means: float64, (K, D).
        precision_factors: float64, (K, D, D), L with inverse covariance = L L^T, as scikit-learn
            has it.
    """

    log_weights: NDArray[np.float64]
    means: NDArray[np.float64]
    precision_factors: NDArray[np.float64]


def fit_mixture(
    latents: NDArray[np.float32], components: int, seed: int, noise_floor: float = NOISE_FLOOR
) -> Mixture:
    """Fit a mixture by expectation maximisation.

    Args:
        latents: float32, (n, D).
        components: K.
        seed: Seed of the initial means.
        noise_floor: Added to the diagonal of every covariance.
    """
    with warnings.catch_warnings():
        # Stopping early is no fault: the last iterations move the likelihood by hairs.
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted = GaussianMixture(
            components,
            reg_covar=noise_floor,
            max_iter=_ITERATIONS,
            init_params="k-means++",
            random_state=seed,
            tol=3e-3,
        ).fit(latents.astype(np.float64))
    return Mixture(np.log(fitted.weights_), fitted.means_, fitted.precisions_cholesky_)


class SampleEnergy(nn.Module):
    """Sample energy of every cell: `-log sum_k phi_k N(z; mu_k, Sigma_k)` (Zong et al. 2018).

    With `Sigma_k^-1 = L_k L_k^T` the exponent is `-1/2 |L_k^T (z - mu_k)|^2`, so one 1x1
    convolution, a sum of squares and one LogSumExp give the whole map.

    Args:
        mixture: The mixture, over the latent's channels and after them the place's, if any.
        place: float32, (1, P, h, w), coordinates of the cells; None for a mixture without place.
    """

    weight: Tensor
    bias: Tensor
    constant: Tensor
    place_term: Tensor

    def __init__(self, mixture: Mixture, place: Tensor | None = None) -> None:
        super().__init__()
        components, dimensions = mixture.means.shape
        # The half of the exponent goes into the factors.
        factors = torch.tensor(mixture.precision_factors) * math.sqrt(0.5)
        means = torch.tensor(mixture.means)
        weight = factors.transpose(1, 2).reshape(components * dimensions, dimensions, 1, 1)
        bias = -torch.einsum("kij,ki->kj", factors, means).reshape(1, -1, 1, 1)
        if place is not None:
            bias = bias + F.conv2d(place.double(), weight[:, -place.shape[1] :])
            weight = weight[:, : -place.shape[1]]
        diagonals = np.diagonal(mixture.precision_factors, axis1=1, axis2=2)
        log_determinants = torch.from_numpy(np.log(diagonals).sum(1))
        constant = (
            torch.tensor(mixture.log_weights)
            + log_determinants
            - dimensions / 2 * math.log(2 * math.pi)
        )
        self.components = components
        self.register_buffer("weight", weight.float().contiguous())
        self.register_buffer("place_term", bias.float().contiguous())
        self.register_buffer("constant", constant.float().reshape(1, components, 1, 1))

    @classmethod
    def empty(
        cls, components: int, latent: int, cells: tuple[int, int] | None = None
    ) -> SampleEnergy:
        """An energy to load a state into.

        Args:
            components: K.
            latent: Channels of the latent.
            cells: Rows and columns when the mixture knows the place.
        """
        place = None if cells is None else place_of_cells(*cells)
        dimensions = latent + (0 if place is None else place.shape[1])
        unit = np.broadcast_to(np.eye(dimensions), (components, dimensions, dimensions))
        return cls(Mixture(np.zeros(components), np.zeros((components, dimensions)), unit), place)

    def forward(self, latent: Tensor) -> Tensor:
        """Score latents.

        Args:
            latent: float32, (N, D without place, h, w).

        Returns:
            float32, (N, h, w), nats.
        """
        if self.place_term.shape[2:] == (1, 1):
            whitened = F.conv2d(latent, self.weight, self.place_term.flatten())
        else:
            whitened = F.conv2d(latent, self.weight) + self.place_term
        rows, columns = whitened.shape[2:]
        dimensions = whitened.shape[1] // self.components
        squares = (whitened * whitened).reshape(-1, self.components, dimensions, rows, columns)
        energy: Tensor = -torch.logsumexp(self.constant - squares.sum(2), 1)
        return energy


def place_of_cells(rows: int, columns: int) -> Tensor:
    """Coordinates of the cells: 0 to `PLACE_SPAN` from top to bottom and from left to right.

    Returns:
        float32, (1, 2, rows, columns).
    """
    vertical = torch.linspace(0, PLACE_SPAN, rows).reshape(1, 1, -1, 1).expand(1, 1, rows, columns)
    across = torch.linspace(0, PLACE_SPAN, columns).reshape(1, 1, 1, -1).expand(1, 1, rows, columns)
    return torch.cat([vertical, across], 1)


PLACE_SPAN = 10.0
"""With the noise floor this keeps components wider than a hundredth of the image."""
