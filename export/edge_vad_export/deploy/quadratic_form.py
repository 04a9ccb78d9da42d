"""Quadratic forms as weighted sums of products of two coordinates, which all of them share."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_FLAT = 1e-12
"""A variance of the latent below this is taken for none."""


class Standardisation(NamedTuple):
    """Coordinates of a latent: `y = scale * (z - centre)`.

    Any are right. Where the components together have the mean 0 and the variance 1, little cancels.

    Attributes:
        centre: (D,).
        scale: (D,), not 0.
    """

    centre: Array
    scale: Array

    @property
    def matrix(self) -> Array:
        """From `(z, 1)` to `(y, 1)`, (D + 1, D + 1)."""
        matrix = np.diag([*self.scale, 1.0])
        matrix[:-1, -1] = -self.scale * self.centre
        return matrix


def common_standardisation(factors: Array, offsets: Array) -> Standardisation:
    """Coordinates that suit components given as `exp(-|F_k z + o_k|^2)`.

    Args:
        factors: (K, D, D), F.
        offsets: (K, D), o.
    """
    # A component without a mean or a spread, which is singular, does no harm.
    spread = np.linalg.pinv(factors)
    means = -(spread @ offsets[..., None])[..., 0]
    centre = means.mean(0)
    variances = (spread**2).sum(2).mean(0) + ((means - centre) ** 2).mean(0)
    return Standardisation(centre, 1 / np.sqrt(np.where(variances > _FLAT, variances, 1.0)))


def partners(size: int) -> NDArray[np.int64]:
    """With which coordinates all are multiplied at once, so that every two meet.

    In the row of a step every coordinate meets the one that is so many further on, round and round:
    itself first, and those on the far side last. Of an even size these meet twice.

    Returns:
        (size // 2 + 1, size).

    Example:
        >>> partners(3).tolist()
        [[0, 1, 2], [1, 2, 0]]
    """
    steps = np.arange(size // 2 + 1)[:, None]
    return (np.arange(size) + steps) % size


def product_form(
    factors: Array, offsets: Array, standardisation: Standardisation
) -> NDArray[np.float32]:
    """Multiply out the squares of affine maps of a latent: `|F_k z + o_k|^2`.

    Args:
        factors: (K, D, D), F.
        offsets: (K, D), o.
        standardisation: Coordinates of the latent.

    Returns:
        (K, P): how much every product of `(y, 1)` with its `partners` counts, row by row.
    """
    constant = offsets + factors @ standardisation.centre
    maps = np.concatenate([factors / standardisation.scale, constant[..., None]], 2)
    forms = maps.transpose(0, 2, 1) @ maps
    size = forms.shape[1]
    others = partners(size)
    counted = np.full(len(others), 2.0)
    counted[0] = 1
    if size % 2 == 0:
        counted[-1] = 1
    weights: Array = counted[:, None] * forms[:, np.arange(size), others]
    return weights.reshape(len(forms), -1).astype(np.float32)
