"""Fits the mixtures to latents of training footage, and what is usual where."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from edge_vad_train.data.footage import FOLDS, Footage, Stretch
from edge_vad_train.fitting.em import fit_mixture
from edge_vad_train.model.mixture import Mixture, PlacePrior, SampleEnergy, spatial_log_prior
from edge_vad_train.model.scene_network import JOINT, PHYSICAL, STREAMS
from edge_vad_train.model.stream_inputs import PerspectiveViews, Views
from edge_vad_train.model.vae import Encoder
from edge_vad_train.parallel import run_in_parallel
from edge_vad_train.seeds import Use, generator

_NUMBERS_NOISE = (0.07, 0.07, 0.07, 0.05, 0.05)
"""Standard deviations of what is added to the physical numbers, in their units.

Without it the mixture fits the narrow spread of a few walkers, and everybody else is strange.
"""

_COMPONENTS_OF_NUMBERS = 16

_PLACE_PRIORS = {True: PlacePrior(2.0, 1.5), False: PlacePrior(8.0, 1.0)}
"""Of the physical numbers, and of learnt latents, of which each has more dimensions to outweigh."""

_MOST_CELLS = 400_000
"""Active cells that are taken of all the footage, about.

Each has the same chance. Taking as many of every frame instead, crowds count too little and what
they do is strange; on UCSD Ped1 that costs more than a point.
"""

_COUNTED_FRAMES = 500
_REST_QUANTILE = 0.5
_AT_ONCE = 20_000
_ACTIVE_VARIANCE = 0.01


class Cells(NamedTuple):
    """Active cells of the footage that mixtures are fitted to.

    Attributes:
        latents: By the energy's name, float32, (n, D), with the noise that they are known with.
        cell: (n,), which cell of the grid each is.
        fold: (n,), which fold each is of.
    """

    latents: dict[str, NDArray[np.float32]]
    cell: NDArray[np.intp]
    fold: NDArray[np.intp]

    def without(self, fold: int | None) -> Cells:
        """Those of the other folds; all for None."""
        if fold is None:
            return self
        kept = self.fold != fold
        latents = {name: each[kept] for name, each in self.latents.items()}
        return Cells(latents, self.cell[kept], self.fold[kept])


def draw_cells(
    footage: Footage,
    views: PerspectiveViews,
    encoders: Mapping[str, Encoder],
    seed: int,
    progress: Callable[[int], None] = lambda _: None,
) -> Cells:
    """Take the latents of active cells from all over the footage.

    Args:
        footage: To take them from.
        views: What is seen of frames.
        encoders: Of both streams.
        seed: Of the choice and of the noise.
        progress: Called with the frames done since the last call.
    """
    share = _MOST_CELLS / max(1.0, _estimate_active(footage, views))

    def draw(numbered: tuple[int, Stretch], advance: Callable[[int], None]) -> list[Cells]:
        number, stretch = numbered
        rng = generator(seed, Use.CELLS, number)
        parts = []
        for frames, motion in stretch.batches():
            with torch.inference_mode():
                seen = views(frames, motion)
                parts.append(_active_cells(seen, encoders, stretch.fold, share, rng))
            advance(len(frames))
        return parts

    drawn = run_in_parallel(draw, enumerate(footage.stretches), progress)
    return _concatenate([part for parts in drawn for part in parts])


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
        count = _COMPONENTS_OF_NUMBERS if name == PHYSICAL else components
        energy = _fit_energy(cells.without(fold), name, grid, count, most, seed)
        advance(1)
        return energy

    with threadpool_limits(1, user_api="blas"):
        fitted = dict(zip(work, run_in_parallel(fit, work, progress), strict=True))
    return [{name: fitted[fold, name] for name in cells.latents} for fold in folds]


def count_active(latents: NDArray[np.float32]) -> int:
    """How many dimensions of a latent tell anything: they differ from patch to patch.

    A dimension is active where the variance of the posterior mean over the data is above 0.01
    (Burda, Grosse and Salakhutdinov, 1509.00519). An autoencoder that has collapsed has none left.

    Args:
        latents: float32, (n, D), posterior means.

    Example:
        >>> count_active(np.array([[0.0, 3.0], [1.0, 3.0]], np.float32))
        1
    """
    return int((latents.var(0) > _ACTIVE_VARIANCE).sum())


def _estimate_active(footage: Footage, views: PerspectiveViews) -> float:
    """About how many cells of all the footage are active, from frames spread over it."""
    every = max(1, sum(map(len, footage.stretches)) // _COUNTED_FRAMES)

    def count(stretch: Stretch, _: Callable[[int], None]) -> int:
        with torch.inference_mode():
            batches = (views(*batch) for batch in stretch.batches(every))
            return sum(int(_is_active(seen).sum()) for seen in batches)

    return float(every * sum(run_in_parallel(count, footage.stretches, lambda _: None)))


def _is_active(views: Views) -> NDArray[np.bool_]:
    assert views.activity is not None  # noqa: S101 - what has none is not fitted afterwards
    active: NDArray[np.bool_] = views.activity[:, 0].numpy() > 0.5
    return active


def _active_cells(
    views: Views,
    encoders: Mapping[str, Encoder],
    fold: int,
    share: float,
    rng: np.random.Generator,
) -> Cells:
    assert views.numbers is not None  # noqa: S101
    active = _is_active(views)
    active &= rng.random(active.shape) < share
    frames, rows, columns = np.nonzero(active)

    def take(values: torch.Tensor) -> NDArray[np.float32]:
        return values.numpy()[frames, :, rows, columns]

    latents = {}
    for name, image in zip(STREAMS, (views.appearance, views.motion), strict=True):
        mean, log_variance = (take(each) for each in encoders[name](image))
        noise = rng.standard_normal(mean.shape, np.float32)
        latents[name] = mean + np.exp(0.5 * log_variance) * noise
    latents[JOINT] = np.concatenate([latents[name] for name in STREAMS], 1)
    numbers = take(views.numbers)
    noise = rng.standard_normal(numbers.shape, np.float32) * np.array(_NUMBERS_NOISE, np.float32)
    latents[PHYSICAL] = numbers + noise
    cell = rows * active.shape[2] + columns
    return Cells(latents, cell, np.full(len(cell), fold))


def _concatenate(parts: Sequence[Cells]) -> Cells:
    names = parts[0].latents
    return Cells(
        {name: np.concatenate([part.latents[name] for part in parts]) for name in names},
        np.concatenate([part.cell for part in parts]),
        np.concatenate([part.fold for part in parts]),
    )


def _fit_energy(
    cells: Cells, name: str, grid: tuple[int, int], components: int, most: int, seed: int
) -> SampleEnergy:
    latents = cells.latents[name]
    if len(latents) <= components:  # hardly anything ever is or moves
        return SampleEnergy(
            _nothing_known(components, latents.shape[1]), torch.zeros(1, components, *grid)
        )
    chosen = generator(seed, Use.MIXTURES).permutation(len(latents))[:most]
    mixture = fit_mixture(latents[chosen], components, seed)
    known = SampleEnergy(mixture)
    log_joint = _log_joint(known, latents)
    shares = torch.softmax(log_joint, 1).numpy()
    seen = np.zeros((components, grid[0] * grid[1]), np.float32)
    for component in range(components):
        seen[component] = np.bincount(cells.cell, shares[:, component], minlength=seen.shape[1])
    lift = spatial_log_prior(
        seen.reshape(components, *grid), mixture.log_weights, _PLACE_PRIORS[name == PHYSICAL]
    )
    with_place = log_joint + lift.flatten(2)[0].T[torch.from_numpy(cells.cell)]
    energies = -torch.logsumexp(with_place, 1)
    return SampleEnergy(mixture, lift, float(energies.quantile(_REST_QUANTILE)))


def _log_joint(energy: SampleEnergy, latents: NDArray[np.float32]) -> torch.Tensor:
    parts = torch.split(torch.from_numpy(latents), _AT_ONCE)
    with torch.inference_mode():
        return torch.cat(
            [energy.log_joint(part.T[None, :, :, None])[0, :, :, 0].T for part in parts]
        )


def _nothing_known(components: int, dimensions: int) -> Mixture:
    """The mixture of a scene in which nothing is or moves: about nothing."""
    unit = np.broadcast_to(np.eye(dimensions), (components, dimensions, dimensions))
    weights = np.full(components, -math.log(components))
    return Mixture(weights, np.zeros((components, dimensions)), unit)
