"""Gaussian mixtures over latents, and the sample energy under them."""

from __future__ import annotations

import math
from dataclasses import dataclass

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
            `place_lift` gives it; None where all places are alike.
    """

    weight: Tensor
    bias: Tensor
    constant: Tensor

    def __init__(self, mixture: Mixture, lift: Tensor | None = None) -> None:
        super().__init__()
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

    def distances(self, latent: Tensor) -> Tensor:
        """Half the squared Mahalanobis distance from every component, wherever it is seen.

        Args:
            latent: float32, (N, D, h, w).

        Returns:
            float32, (N, K, h, w), nats.
        """
        whitened = F.conv2d(latent, self.weight, self.bias)
        rows, columns = whitened.shape[2:]
        dimensions = whitened.shape[1] // self.components
        squares = (whitened * whitened).reshape(-1, self.components, dimensions, rows, columns)
        return squares.sum(2)

    def log_joint(self, latent: Tensor) -> Tensor:
        """`log phi_k + log N(z; mu_k, Sigma_k)` of every component; shapes as in `distances`."""
        return self.constant - self.distances(latent)

    def at(self, distances: Tensor) -> Tensor:
        """Score by distances from the components, (N, K, h, w); float32, (N, h, w), nats."""
        energy: Tensor = -torch.logsumexp(self.constant - distances, 1)
        return energy

    def forward(self, latent: Tensor) -> Tensor:
        """Score latents.

        Args:
            latent: float32, (N, D, h, w).

        Returns:
            float32, (N, h, w), nats.
        """
        return self.at(self.distances(latent))


def place_lift(seen: NDArray[np.float32], say: float = 1.0) -> Tensor:
    """How much more or less often a component is seen at a place than anywhere.

    The components stay the same all over the image, only their weights change with the place:
    `lift_k(x) = b min(c, log [(n_k(x) + a phi_k) / ((n(x) + a) phi_k)])`, with `n_k(x)` the frames
    in which component k was seen at x, blurred over neighbouring cells, and `phi_k` its share in
    the whole image. The pseudo-count `a` bounds the lift from below: at a place where nobody was
    seen so far, an ordinary walker costs a few nats and not infinitely many. A mixture over latent
    and coordinates has no such bound, and overfits short footage. `c` bounds it from above: what
    is seen at few places only does not become ever more usual there by being unknown elsewhere.

    Args:
        seen: float32, (K, h, w), the components' responsibilities summed over frames.
        say: b. At 1 the lift is, up to c, what a mixture with such weights has; more make place
            count for more, as log-linear models weigh their factors.

    Returns:
        float32, (1, K, h, w), nats; 0 where nothing was seen at all.
    """
    if not seen.any():
        return torch.zeros(1, *seen.shape)
    overall = seen.sum((1, 2)) / seen.sum()
    overall = np.maximum(overall, np.finfo(np.float32).tiny)[:, None, None]
    blurred = gaussian_filter(seen, (0, *PLACE_BLUR_CELLS), mode="nearest")
    frames = blurred.sum(0)
    doubt = PLACE_DOUBT * frames.mean()
    lift = np.log((blurred + doubt * overall) / ((frames + doubt) * overall))
    return torch.from_numpy(say * np.minimum(lift, MOST_LIFT)[None]).float()


PLACE_BLUR_CELLS = (0.5, 1.0)
"""Standard deviations of the blur, down and across, cells.

What was seen here might as well have been beside it, but hardly above or below: cameras see the
ground at a slant, and a cell down is much more of it than a cell across.
"""

PLACE_DOUBT = 0.2
"""The pseudo-count a as a share of the frames looked at."""

MOST_LIFT = 1.5
"""c, nats: four and a half times a component's share in the whole image."""
