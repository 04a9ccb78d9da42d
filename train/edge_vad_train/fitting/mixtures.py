"""Fits the mixtures, and how often each component is seen where."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from edge_vad_train.data.footage import FOLDS
from edge_vad_train.fitting.cells import Cells
from edge_vad_train.fitting.em import fit_mixture
from edge_vad_train.fitting.spatial_prior import SpatialPrior, spatial_log_prior
from edge_vad_train.model.mixture import Mixture, SampleEnergy
from edge_vad_train.model.scene_network import PHYSICAL
from edge_vad_train.model.vae import MixturePrior
from edge_vad_train.parallel import run_in_parallel
from edge_vad_train.seeds import Use, generator

_FEATURE_COMPONENTS = 16

_SPATIAL_PRIORS = {True: SpatialPrior(2.0, 1.5), False: SpatialPrior(8.0, 1.0)}
"""Of the cell features, and of learnt latents, of which each has more dimensions to outweigh."""

_REST_QUANTILE = 0.5
_AT_ONCE = 20_000


def fit_energies(
    cells: Cells,
    grid: tuple[int, int],
    components: int,
    most: int,
    seed: int,
    progress: Callable[[int], None] = lambda _: None,
) -> list[dict[str, SampleEnergy]]:
    """Fit the energies to the cells of all folds but one, and to all of them.

    Args:
        cells: What to fit them to.
        grid: Rows and columns of cells.
        components: K of the learnt latents' mixtures.
        most: Cells that each mixture is fitted to, at most.
        seed: Of the choice of these and of the first means.
        progress: Called with 1 after each mixture.

    Returns:
        Energies by name: first without each fold, then of all cells.
    """
    folds: list[int | None] = [*range(FOLDS), None]
    work = [(fold, name) for fold in folds for name in cells.latents]

    def fit(one: tuple[int | None, str], advance: Callable[[int], None]) -> SampleEnergy:
        fold, name = one
        count = _FEATURE_COMPONENTS if name == PHYSICAL else components
        energy = _fit_energy(cells.without(fold), name, grid, count, most, seed)
        advance(1)
        return energy

    with threadpool_limits(1, user_api="blas"):
        fitted = dict(zip(work, run_in_parallel(fit, work, progress), strict=True))
    return [{name: fitted[fold, name] for name in cells.latents} for fold in folds]


def _fit_energy(
    cells: Cells, name: str, grid: tuple[int, int], components: int, most: int, seed: int
) -> SampleEnergy:
    latents = cells.latents[name]
    if len(latents) <= components:  # hardly anything ever is or moves
        return SampleEnergy(
            _empty_mixture(components, latents.shape[1]), torch.zeros(1, components, *grid)
        )
    chosen = generator(seed, Use.MIXTURES).permutation(len(latents))[:most]
    mixture = fit_mixture(latents[chosen], components, seed)
    known = SampleEnergy(mixture)
    log_joint = _log_joint(known, latents)
    shares = torch.softmax(log_joint, 1).numpy()
    occupancy = np.zeros((components, grid[0] * grid[1]), np.float32)
    for component in range(components):
        occupancy[component] = np.bincount(
            cells.cell, shares[:, component], minlength=occupancy.shape[1]
        )
    log_prior = spatial_log_prior(
        occupancy.reshape(components, *grid),
        mixture.log_weights,
        _SPATIAL_PRIORS[name == PHYSICAL],
    )
    at_place = log_joint + log_prior.flatten(2)[0].T[torch.from_numpy(cells.cell)]
    energies = -torch.logsumexp(at_place, 1)
    return SampleEnergy(mixture, log_prior, float(energies.quantile(_REST_QUANTILE)))


def _log_joint(energy: SampleEnergy, latents: NDArray[np.float32]) -> torch.Tensor:
    parts = torch.split(torch.from_numpy(latents), _AT_ONCE)
    with torch.inference_mode():
        return torch.cat(
            [energy.log_joint(part.T[None, :, :, None])[0, :, :, 0].T for part in parts]
        )


def _empty_mixture(components: int, dimensions: int) -> Mixture:
    """The mixture of a scene in which nothing is or moves: about nothing."""
    unit = np.broadcast_to(np.eye(dimensions), (components, dimensions, dimensions))
    weights = np.full(components, -math.log(components))
    return Mixture(weights, np.zeros((components, dimensions)), unit)


def mixture_of(prior: MixturePrior) -> Mixture:
    """The mixture that was trained with a stream, as its prior."""
    with torch.inference_mode():
        precisions = torch.exp(-0.5 * prior.log_variances).double()
        return Mixture(
            torch.log_softmax(prior.logits, 0).double().numpy(),
            prior.means.double().numpy(),
            torch.diag_embed(precisions).numpy(),
        )
