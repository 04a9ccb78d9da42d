"""A pass over training footage that fits the mixtures to its latents."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from edge_vad_train.footage import Stretch
from edge_vad_train.mixture import SampleEnergy, fit_mixture, place_of_cells
from edge_vad_train.model import Encoder
from edge_vad_train.network import Appearance, SceneEnergies
from edge_vad_train.patches import draw_corners
from edge_vad_train.streams import StreamInput, appearance_view, motion_view

_FRAMES = 1500
_OUTLIER = 99.5


def fit_energies(
    stretches: Sequence[Stretch],
    appearance: Appearance,
    encoders: tuple[Encoder, Encoder],
    components: int,
    cells: int,
    seed: int,
    progress: Callable[[int], None] = lambda _: None,
) -> SceneEnergies:
    """Fit the mixtures of appearance, of motion and place, and of appearance with motion.

    Args:
        stretches: Footage to fit to.
        appearance: Takes the background away.
        encoders: Of the appearance and of the motion stream.
        components: K of each mixture.
        cells: Latents that each mixture is fitted to, about.
        seed: Seed of the draw and of the mixtures' initial means.
        progress: Called with 1 after each mixture.
    """
    rng = np.random.default_rng([seed, 2])
    looks, moves, places, grid = _draw_latents(stretches, appearance, encoders, cells, rng)

    def energy(samples: NDArray[np.float32], place: Tensor | None = None) -> SampleEnergy:
        fitted = SampleEnergy(fit_mixture(samples, components, seed), place)
        progress(1)
        return fitted

    return SceneEnergies(
        appearance,
        encoders,
        (
            energy(looks),
            energy(np.concatenate([moves, places], 1), place_of_cells(*grid)),
            energy(np.concatenate([looks, moves], 1)),
        ),
    )


def _draw_latents(
    stretches: Sequence[Stretch],
    appearance: Appearance,
    encoders: tuple[Encoder, Encoder],
    cells: int,
    rng: np.random.Generator,
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32], tuple[int, int]]:
    """Latents of both streams at the same cells, where the cells lie, and the grid.

    Posterior means, as in scoring. Half of the cells are drawn uniformly and half by how far
    their latents are from the frame's ordinary ones, for most of a street is empty.
    """
    views: tuple[StreamInput, StreamInput] = appearance_view(appearance), motion_view
    moments = [(stretch, index) for stretch in stretches for index in range(1, len(stretch))]
    chosen = rng.choice(len(moments), min(len(moments), _FRAMES), replace=False)
    looks, moves, places = [], [], []
    for moment in np.sort(chosen):
        stretch, index = moments[moment]
        with torch.inference_mode():
            latents = [
                encoder.mean_of(view(stretch, slice(index, index + 1)))[0].numpy()
                for encoder, view in zip(encoders, views, strict=True)
            ]
        grid = latents[0].shape[1:]
        corners = draw_corners(_strangeness(latents), -(-cells // len(chosen)), rng)
        rows, columns = np.array(corners).T
        looks.append(latents[0][:, rows, columns].T)
        moves.append(latents[1][:, rows, columns].T)
        places.append(place_of_cells(*grid)[0, :, rows, columns].numpy().T)
    return np.concatenate(looks), np.concatenate(moves), np.concatenate(places), grid


def _strangeness(latents: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """How far each cell is from the frame's median latent, in standard deviations squared."""
    distance = np.zeros(latents[0].shape[1:], np.float32)
    for latent in latents:
        middle = np.median(latent, (1, 2), keepdims=True)
        spread = latent.std((1, 2), keepdims=True) + 1e-3
        distance += (((latent - middle) / spread) ** 2).sum(0)
    return np.minimum(distance, np.percentile(distance, _OUTLIER))
