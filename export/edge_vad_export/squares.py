"""Quadratic forms as weighted sums of squares that all of them share."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_FLAT = 1e-12
"""A variance of the latent below this is taken for none."""


class Frame(NamedTuple):
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


def common_frame(factors: Array, offsets: Array, which: slice = slice(None)) -> Frame:
    """Coordinates that suit components given as `exp(-|F_k z + o_k|^2)`.

    Args:
        factors: (K, D, D), F.
        offsets: (K, D), o.
        which: Of which of the latent's channels.
    """
    # A component without a mean or a spread, which is singular, does no harm.
    spread = np.linalg.pinv(factors)
    means = -(spread @ offsets[..., None])[..., 0]
    centre = means.mean(0)
    variances = (spread**2).sum(2).mean(0) + ((means - centre) ** 2).mean(0)
    scale = 1 / np.sqrt(np.where(variances > _FLAT, variances, 1.0))
    return Frame(centre[which], scale[which])


def add_pairs(size: int) -> Array:
    """From coordinates to themselves, and on to the sums of two, as in `np.triu_indices`.

    Returns:
        (size (size + 1) / 2, size).
    """
    left, right = np.triu_indices(size, 1)
    unit = np.eye(size)
    return np.concatenate([unit, unit[left] + unit[right]])


def squared_form(
    factors: Array, offsets: Array, frames: Sequence[Frame]
) -> list[NDArray[np.float32]]:
    """Multiply out the squares of affine maps of a latent: `|F_k z + o_k|^2`.

    `2 a b = (a + b)^2 - a^2 - b^2` leaves squares alone.

    Args:
        factors: (K, D, D), F.
        offsets: (K, D), o.
        frames: Coordinates of the parts of the latent, one after the other.

    Returns:
        Weights of squares, each (K, P): for every part those of `add_pairs` of its coordinates
        and a 1; then for every two parts those of all sums of a coordinate of the first and one
        of the second, the second's changing fastest.
    """
    centre = np.concatenate([frame.centre for frame in frames])
    scale = np.concatenate([frame.scale for frame in frames])
    constant = offsets + factors @ centre
    maps = np.concatenate([factors / scale, constant[..., None]], 2)
    forms = maps.transpose(0, 2, 1) @ maps
    alone = 2 * np.diagonal(forms, axis1=1, axis2=2) - forms.sum(2)
    ends = np.cumsum([0, *(len(frame.centre) for frame in frames)])
    places = [[*range(*span), len(centre)] for span in pairwise(ends)]
    weights = []
    for part, place in enumerate(places):
        left, right = np.triu_indices(len(place), 1)
        own = forms[np.ix_(range(len(forms)), place, place)][:, left, right]
        single = alone[:, place].copy()
        if part:
            single[:, -1] = 0  # the square of the 1 is the first part's
        weights.append(np.concatenate([single, own], 1))
    for one, other in combinations(places, 2):
        across = forms[np.ix_(range(len(forms)), one[:-1], other[:-1])]
        weights.append(across.reshape(len(forms), -1))
    return [each.astype(np.float32) for each in weights]
