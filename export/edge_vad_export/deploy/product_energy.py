"""The sample energy with less memory traffic, by the same formula.

It is the sum of squares of affine maps of a latent, which is a quadratic form: a weighted sum of
products of two coordinates, which all components share.
"""

from __future__ import annotations

import copy
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from edge_vad.errors import CheckFailed
from edge_vad_train.model.mixture import SampleEnergy
from edge_vad_train.model.scene_network import SceneNetwork

Array = NDArray[np.float64]

_FLAT = 1e-12
"""A variance of the latent below this is taken for none."""

_LEAST = -80.0
"""Terms this far below the highest, nats, are counted as this: exponentials stay normal numbers.

What underflows costs processors of Intel a hundred times as long, and adds nothing.
"""


_MOST_ERROR = 1e-4
"""Largest error of products on real frames, as a share of the highest energy.

Far from where the components are together and near a narrow one, much cancels: in a scene of 40
seconds a tenth of a nat was lost.
"""


class ExplicitEnergy(SampleEnergy):
    """A sample energy whose LogSumExp is spelt out.

    It adds up by a matrix product, as ONNX Runtime's own is slow over channels.

    Args:
        plain: The energy as it was trained.
    """

    def __init__(self, plain: SampleEnergy) -> None:
        nn.Module.__init__(self)
        self.components = plain.components
        self.register_buffer("constant", plain.constant.flatten(2))
        self.register_buffer("rest", plain.rest)
        self.register_buffer("weight", plain.weight.flatten(1))
        self.register_buffer("bias", plain.bias[:, None])

    def log_joint(self, latent: Tensor) -> Tensor:
        """See `SampleEnergy.log_joint`; (N, K, cells)."""
        whitened = self.weight @ latent.flatten(2) + self.bias
        shape = -1, self.components, latent.shape[1], whitened.shape[2]
        log_joint: Tensor = self.constant - (whitened * whitened).reshape(shape).sum(2)
        return log_joint

    def forward(self, latent: Tensor) -> Tensor:
        """See `SampleEnergy.forward`."""
        terms = self.log_joint(latent)
        highest = terms.amax(1, keepdim=True)
        below = (terms - highest).clamp(min=_LEAST).exp()
        total = below.new_ones(1, self.components) @ below
        energy: Tensor = -(total.log() + highest)
        return energy.reshape(-1, *latent.shape[2:])


class ProductEnergy(ExplicitEnergy):
    """A sample energy as a weighted sum of products of two coordinates.

    `SampleEnergy` whitens every latent with every component, K D channels, squares and adds up.
    With a 1 as one more coordinate that is a quadratic form: products of all two coordinates, which
    all components share. One gathering puts next to every coordinate those that it is multiplied
    with, one multiplication makes the products, one matrix product weighs them.

    Args:
        plain: The energy as it was trained.
    """

    coordinates: Tensor
    partners: Tensor
    form: Tensor

    def __init__(self, plain: SampleEnergy) -> None:
        super().__init__(plain)
        del self.weight, self.bias
        depth = plain.weight.shape[1]
        factors = plain.weight.double().reshape(-1, depth, depth).numpy()
        offsets = plain.bias.double().reshape(-1, depth).numpy()
        standardisation = common_standardisation(factors, offsets)
        matrix = torch.from_numpy(standardisation.matrix.astype(np.float32))
        self.register_buffer("coordinates", matrix)
        met = torch.from_numpy(partners(depth + 1))
        self.rows = met.shape
        self.register_buffer("partners", met.flatten())
        self.register_buffer(
            "form", torch.from_numpy(product_form(factors, offsets, standardisation))
        )

    def log_joint(self, latent: Tensor) -> Tensor:
        """See `SampleEnergy.log_joint`; (N, K, cells)."""
        with_one = F.pad(latent.flatten(2), (0, 0, 0, 1), value=1.0)
        coordinates = self.coordinates @ with_one
        met = coordinates.index_select(1, self.partners)
        rows = met.reshape(-1, *self.rows, met.shape[2])
        products = (rows * coordinates[:, None]).flatten(1, 2)
        log_joint: Tensor = self.constant - self.form @ products
        return log_joint


def with_product_energies(network: SceneNetwork, frames: Tensor, motion: Tensor) -> SceneNetwork:
    """A copy of a scene's network that computes its energies by products, where these are exact.

    Args:
        network: The network; stays as it is.
        frames: Real frames to try it on, see `SceneEnergies.forward`.
        motion: Their motion.

    Raises:
        CheckFailed: An energy was not found, and would be exported as it was trained.
    """
    network = copy.deepcopy(network)
    energies = network.energies
    with torch.inference_mode():
        latents = energies.latents(energies.inputs_of(frames, motion))
    energies.energies = {
        name: by_products(energy, latents[name]) for name, energy in energies.energies.items()
    }
    energies.mixtures = nn.ModuleList(energies.energies.values())
    _demand_swapped(network)
    return network


def _demand_swapped(network: nn.Module) -> None:
    for name, module in network.named_modules():
        if isinstance(module, SampleEnergy) and not isinstance(module, ExplicitEnergy):
            raise CheckFailed(
                f"{name} would be exported in the form of training",
                "report this; nothing was written",
            )


def by_products(energy: SampleEnergy, latent: Tensor) -> ExplicitEnergy:
    """An energy by products, unless on these latents they lose digits.

    Args:
        energy: As it was trained.
        latent: float32, (N, D, h, w), of real frames.
    """
    made = ProductEnergy(energy)
    with torch.inference_mode():
        known = energy(latent)
        error = (made(latent) - known).abs().max() / known.abs().max()
    return made if error <= _MOST_ERROR else ExplicitEnergy(energy)


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
