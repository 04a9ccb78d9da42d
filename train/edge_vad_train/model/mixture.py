"""Gaussian mixtures over latents, and the sample energy under them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
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
        lift: float32, (1, K, h, w), what is added to the components' log weights at every cell, as
            `spatial_log_prior` gives it; None where all places are alike.
        rest: Energy of a place where nothing is or moves, nats.
    """

    weight: Tensor
    bias: Tensor
    constant: Tensor
    rest: Tensor

    def __init__(self, mixture: Mixture, lift: Tensor | None = None, rest: float = 0.0) -> None:
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
        if lift is not None:
            constant = constant + lift
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
        lift = None if cells is None else torch.zeros(1, components, *cells)
        unit = np.broadcast_to(np.eye(latent), (components, latent, latent))
        return cls(Mixture(np.zeros(components), np.zeros((components, latent)), unit), lift)

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


class PlacePrior(NamedTuple):
    """How much it counts where something is seen.

    Attributes:
        exponent: b, see `spatial_log_prior`.
        blur_cells: Standard deviation of the blur: what was seen here might as well have been
            beside it.
    """

    exponent: float
    blur_cells: float


def spatial_log_prior(
    seen: NDArray[np.float32], log_weights: NDArray[np.float64], prior: PlacePrior
) -> Tensor:
    """How much more or less often a component is seen at a place than anywhere.

    The components stay the same all over the image, only their weights change with the place:
    `lift_k(x) = b min(c, log [(n_k(x) + a phi_k) / ((n(x) + a) phi_k)])`, with `n_k(x)` how often
    component k was seen at x, blurred over neighbouring cells, n(x) its sum over components, and
    `phi_k` its weight. The pseudo-count `a` bounds the lift from below, where nobody was seen so
    far, and `c` from above. The exponent `b` makes place count for more, as log-linear models weigh
    their factors: it is one sign beside a latent's many dimensions.

    Args:
        seen: float32, (K, h, w), the components' responsibilities summed over frames.
        log_weights: float64, (K,), of the mixture.
        prior: How much place counts.

    Returns:
        float32, (1, K, h, w), nats.
    """
    weights = np.exp(log_weights)[:, None, None]
    blurred = gaussian_filter(seen, (0, prior.blur_cells, prior.blur_cells))
    counts = blurred.sum(0)
    doubt = _DOUBT * counts.mean() + np.finfo(np.float32).tiny
    lift = np.log((blurred + doubt * weights) / ((counts + doubt) * weights))
    return torch.from_numpy(prior.exponent * np.minimum(lift, _MOST_LIFT)[None]).float()


_DOUBT = 0.2
"""The pseudo-count a, as a share of how often a cell is active on the mean."""

_MOST_LIFT = 1.5
"""c, nats: four and a half times a component's weight."""
