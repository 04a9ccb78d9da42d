"""The spatial prior: how often each component of a mixture was seen at a place."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from torch import Tensor

_PSEUDO_COUNT = 0.2
"""The pseudo-count a, as a share of how often a cell is active on the mean."""

_MAX_LOG_PRIOR = 1.5
"""c, nats: four and a half times a component's weight."""


class SpatialPrior(NamedTuple):
    """How much it counts where something is seen.

    Attributes:
        exponent: b, see `spatial_log_prior`.
        blur_cells: Standard deviation of the blur: what was seen here might as well have been
            beside it.
    """

    exponent: float
    blur_cells: float


def spatial_log_prior(
    occupancy: NDArray[np.float32], log_weights: NDArray[np.float64], prior: SpatialPrior
) -> Tensor:
    """How much more or less often a component is seen at a place than anywhere.

    The components stay the same all over the image, only their weights change with the place:
    `b min(c, log [(n_k(x) + a phi_k) / ((n(x) + a) phi_k)])`, with `n_k(x)` how often
    component k was seen at x, blurred over neighbouring cells, n(x) its sum over components, and
    `phi_k` its weight. The pseudo-count `a` bounds it from below, where nobody was seen so
    far, and `c` from above. The exponent `b` makes place count for more, as log-linear models weigh
    their factors: it is one sign beside a latent's many dimensions.

    Args:
        occupancy: float32, (K, h, w), the components' responsibilities summed over frames.
        log_weights: float64, (K,), of the mixture.
        prior: How much place counts.

    Returns:
        float32, (1, K, h, w), nats.
    """
    weights = np.exp(log_weights)[:, None, None]
    blurred = gaussian_filter(occupancy, (0, prior.blur_cells, prior.blur_cells))
    counts = blurred.sum(0)
    pseudo_count = _PSEUDO_COUNT * counts.mean() + np.finfo(np.float32).tiny
    log_ratio = np.log((blurred + pseudo_count * weights) / ((counts + pseudo_count) * weights))
    return torch.from_numpy(prior.exponent * np.minimum(log_ratio, _MAX_LOG_PRIOR)[None]).float()
