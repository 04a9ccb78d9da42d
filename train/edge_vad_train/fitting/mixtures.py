"""Fits the mixtures, and how often each component is seen where."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

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

_SPATIAL_PRIORS = {True: SpatialPrior(2.0, 1.5), False: SpatialPrior(12.0, 0.5)}
"""Of the cell features, and of learnt latents, of which each has more dimensions to outweigh."""

_REST_QUANTILE = 0.25
"""Of active cells' energies: a picture of nobody is less anomalous than one of somebody."""

_AT_ONCE = 20_000


class FittedEnergies(NamedTuple):
    """Energies that were fitted to all folds of the footage but one, and to all of them.

    Attributes:
        folds: For each fold the energies without it, by name.
        final: Those of all the footage, by name.
        gaps: By name, the generalisation gap, nats: by how much the mean energy of active cells
            is higher in the fold that was left out than in those fitted to.
    """

    folds: list[dict[str, SampleEnergy]]
    final: dict[str, SampleEnergy]
    gaps: dict[str, float]


def fit_energies(
    cells: Cells,
    grid: tuple[int, int],
    components: int,
    most: int,
    seed: int,
    progress: Callable[[int], None] = lambda _: None,
) -> FittedEnergies:
    """Fit the energies to the cells of all folds but one, and to all of them.

    Args:
        cells: What to fit them to.
        grid: Rows and columns of cells.
        components: K of the learnt latents' mixtures.
        most: Cells that each mixture is fitted to, at most.
        seed: Of the choice of these and of the first means.
        progress: Called with 1 after each mixture.
    """
    folds: list[int | None] = [*range(FOLDS), None]
    work = [(fold, name) for fold in folds for name in cells.latents]

    def fit(one: tuple[int | None, str], advance: Callable[[int], None]) -> _Fit:
        fold, name = one
        count = _FEATURE_COMPONENTS if name == PHYSICAL else components
        fitted = _fit_energy(cells, fold, name, grid, count, most, seed)
        advance(1)
        return fitted

    with threadpool_limits(1, user_api="blas"):
        fits = dict(zip(work, run_in_parallel(fit, work, progress), strict=True))
    *without, final = ({name: fits[fold, name].energy for name in cells.latents} for fold in folds)
    gaps = {
        name: float(np.mean([fits[fold, name].gap for fold in range(FOLDS)]))
        for name in cells.latents
    }
    return FittedEnergies(without, final, gaps)


class _Fit(NamedTuple):
    """An energy, and its gap: 0 where it was fitted to everything, or to nothing."""

    energy: SampleEnergy
    gap: float = 0.0


def _fit_energy(
    cells: Cells,
    fold: int | None,
    name: str,
    grid: tuple[int, int],
    components: int,
    most: int,
    seed: int,
) -> _Fit:
    seen = cells.fold != fold if fold is not None else np.ones(len(cells.fold), np.bool_)
    latents = cells.latents[name]
    fitted_to = latents[seen]
    if len(fitted_to) <= components:  # hardly anything ever is or moves
        empty = _empty_mixture(components, latents.shape[1])
        return _Fit(SampleEnergy(empty, torch.zeros(1, components, *grid)))
    chosen = generator(seed, Use.MIXTURES).permutation(len(fitted_to))[:most]
    mixture = fit_mixture(fitted_to[chosen], components, seed)
    log_joint = _log_joint(SampleEnergy(mixture), latents)
    shares = torch.softmax(log_joint[torch.from_numpy(seen)], 1).numpy()
    occupancy = np.zeros((components, grid[0] * grid[1]), np.float32)
    for component in range(components):
        occupancy[component] = np.bincount(
            cells.cell[seen], shares[:, component], minlength=occupancy.shape[1]
        )
    log_prior = spatial_log_prior(
        occupancy.reshape(components, *grid),
        mixture.log_weights,
        _SPATIAL_PRIORS[name == PHYSICAL],
    )
    at_place = log_joint + log_prior.flatten(2)[0].T[torch.from_numpy(cells.cell)]
    energies = -torch.logsumexp(at_place, 1).numpy()
    rest = float(np.quantile(energies[seen], _REST_QUANTILE))
    gap = 0.0 if seen.all() else float(energies[~seen].mean() - energies[seen].mean())
    return _Fit(SampleEnergy(mixture, log_prior, rest), gap)


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
