"""Gaussian mixtures over latents, and the sample energy under them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F


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


class SampleEnergy(nn.Module):
    """Sample energy of every cell: `-log sum_k phi_k N(z; mu_k, Sigma_k)` (Zong et al. 2018).

    With `Sigma_k^-1 = L_k L_k^T` the exponent is `-1/2 |L_k^T (z - mu_k)|^2`, so one 1x1
    convolution, a sum of squares and one LogSumExp give the whole map.

    Args:
        mixture: The mixture, over the latent's channels.
        log_prior: float32, (1, K, h, w), what is added to the components' log weights at every
            cell, see `spatial_log_prior`; None where all places are alike.
        rest: Energy of a place where nothing is or moves, nats.
    """

    weight: Tensor
    bias: Tensor
    constant: Tensor
    rest: Tensor

    def __init__(
        self, mixture: Mixture, log_prior: Tensor | None = None, rest: float = 0.0
    ) -> None:
        super().__init__()
        self.register_buffer("rest", torch.tensor(rest, dtype=torch.float32))
        components, dimensions = mixture.means.shape
        # The half of the exponent goes into the factors.
        factors = torch.tensor(mixture.precision_factors) * math.sqrt(0.5)
        means = torch.tensor(mixture.means)
        weight = factors.transpose(1, 2).reshape(components * dimensions, dimensions, 1, 1)
        bias = -torch.einsum("kij,ki->kj", factors, means).flatten()
        diagonals = np.diagonal(mixture.precision_factors, axis1=1, axis2=2)
        log_determinants = torch.from_numpy(np.log(diagonals).sum(1))
        constant = (
            torch.tensor(mixture.log_weights)
            + log_determinants
            - dimensions / 2 * math.log(2 * math.pi)
        ).reshape(1, components, 1, 1)
        if log_prior is not None:
            constant = constant + log_prior
        self.components = components
        self.register_buffer("weight", weight.float().contiguous())
        self.register_buffer("bias", bias.float().contiguous())
        self.register_buffer("constant", constant.float().contiguous())

    @classmethod
    def empty(
        cls, components: int, latent: int, cells: tuple[int, int] | None = None
    ) -> SampleEnergy:
        """An energy to load a state into.

        Args:
            components: K.
            latent: Channels of the latent.
            cells: Rows and columns when the weights differ from place to place.
        """
        log_prior = None if cells is None else torch.zeros(1, components, *cells)
        unit = np.broadcast_to(np.eye(latent), (components, latent, latent))
        return cls(Mixture(np.zeros(components), np.zeros((components, latent)), unit), log_prior)

    def log_joint(self, latent: Tensor) -> Tensor:
        """`log phi_k + log N(z; mu_k, Sigma_k)` of every component.

        Args:
            latent: float32, (N, D, h, w).

        Returns:
            float32, (N, K, h, w), nats.
        """
        whitened = F.conv2d(latent, self.weight, self.bias)
        rows, columns = whitened.shape[2:]
        dimensions = whitened.shape[1] // self.components
        squares = (whitened * whitened).reshape(-1, self.components, dimensions, rows, columns)
        return self.constant - squares.sum(2)

    def at_rest_where(self, energy: Tensor, activity: Tensor | None) -> Tensor:
        """Energies, but that of rest where nothing is or moves.

        Args:
            energy: float32, (N, h, w).
            activity: float32, (N, 1, h, w), 0 to 1; None where all cells count alike.
        """
        if activity is None:
            return energy
        return self.rest + (energy - self.rest) * activity[:, 0]

    def forward(self, latent: Tensor) -> Tensor:
        """Score latents.

        Args:
            latent: float32, (N, D, h, w).

        Returns:
            float32, (N, h, w), nats.
        """
        energy: Tensor = -torch.logsumexp(self.log_joint(latent), 1)
        return energy
