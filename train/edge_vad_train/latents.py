"""A pass over training footage that fits the mixtures to its latents."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from edge_vad_train.footage import Stretch
from edge_vad_train.mixture import Mixture, SampleEnergy, fit_mixture, place_lift
from edge_vad_train.model import Encoder
from edge_vad_train.network import Appearance, SceneEnergies, Streams
from edge_vad_train.patches import draw_corners
from edge_vad_train.streams import frames_of, motion_of

_FRAMES = 1500
_BATCH = 16
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
    """Fit the mixtures of appearance, of motion, and of both; then learn what is usual where.

    The mixture of motion is fitted to samples of the posterior, the others to its mean. Movement
    is told only as finely as the posterior is wide; without that width the still background makes
    every small movement rare. For what a thing looks like while it moves the noise floor is width
    enough, and samples blur it.

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
    streams = Streams(appearance, encoders)
    drawn = _draw_latents(stretches, streams, cells, rng)
    both = np.concatenate([drawn.looks, drawn.moves, drawn.stays], 1)
    mixtures = []
    for samples in (drawn.looks, drawn.sampled_moves, both):
        mixtures.append(fit_mixture(samples, components, seed))
        progress(1)
    everywhere = SceneEnergies(appearance, encoders, _energies(mixtures, [None] * 3))
    lifts = [place_lift(seen) for seen in _seen_at_places(stretches, everywhere)]
    return SceneEnergies(appearance, encoders, _energies(mixtures, lifts))


def _energies(
    mixtures: Sequence[Mixture], lifts: Sequence[Tensor | None]
) -> tuple[SampleEnergy, SampleEnergy, SampleEnergy]:
    looks, moves, both = (SampleEnergy(*pair) for pair in zip(mixtures, lifts, strict=True))
    return looks, moves, both


def _seen_at_places(
    stretches: Sequence[Stretch], energies: SceneEnergies
) -> list[NDArray[np.float32]]:
    """Sum the components' responsibilities at every cell, (K, rows, columns) for each mixture."""
    every = max(1, sum(len(stretch) for stretch in stretches) // _FRAMES)
    seen: list[NDArray[np.float32]] = [np.zeros(1, np.float32)] * len(energies.mixtures)
    for stretch in stretches:
        for start in range(1, len(stretch), _BATCH * every):
            batch = slice(start, start + _BATCH * every, every)
            with torch.inference_mode():
                images = energies.images(frames_of(stretch, batch), motion_of(stretch, batch))
                latents = energies.latents(*images)
                for index, energy in enumerate(energies.mixtures):
                    shares = torch.softmax(energy.log_joint(latents[index]), 1)
                    seen[index] = seen[index] + shares.sum(0).numpy()
    return seen


class _Drawn(NamedTuple):
    """Latents of both streams at the same cells.

    Attributes:
        looks: float32, (n, D), posterior means of the appearance stream.
        moves: float32, (n, D), posterior means of the motion stream.
        sampled_moves: float32, (n, D), samples of the same posteriors.
        stays: float32, (n, 2), what stays, see `SceneEnergies.stays`.
    """

    looks: NDArray[np.float32]
    moves: NDArray[np.float32]
    sampled_moves: NDArray[np.float32]
    stays: NDArray[np.float32]


def _draw_latents(
    stretches: Sequence[Stretch], streams: Streams, cells: int, rng: np.random.Generator
) -> _Drawn:
    """Draw cells: half uniformly, half by how far their latents are from the frame's ordinary ones.

    Most of a street is empty.
    """
    moments = [(stretch, index) for stretch in stretches for index in range(1, len(stretch))]
    chosen = np.sort(rng.choice(len(moments), min(len(moments), _FRAMES), replace=False))
    drawn = []
    for moment in chosen:
        stretch, index = moments[moment]
        now = slice(index, index + 1)
        with torch.inference_mode():
            images = streams.images(frames_of(stretch, now), motion_of(stretch, now))
            looks = streams.appearance_encoder.mean_of(images.look)[0].numpy()
            moves, log_variance = (each[0].numpy() for each in streams.motion_encoder(images.move))
            stays = streams.stays(images.stay)[0].numpy()
        corners = draw_corners(_strangeness((looks, moves)), -(-cells // len(chosen)), rng)
        rows, columns = np.array(corners).T
        mean, spread = moves[:, rows, columns], np.exp(0.5 * log_variance[:, rows, columns])
        noise = rng.standard_normal(mean.shape, np.float32)
        sampled = mean + spread * noise
        drawn.append((looks[:, rows, columns], mean, sampled, stays[:, rows, columns]))
    return _Drawn(*(np.concatenate(each, 1).T for each in zip(*drawn, strict=True)))


def _strangeness(latents: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """How far each cell is from the frame's median latent, in standard deviations squared."""
    distance = np.zeros(latents[0].shape[1:], np.float32)
    for latent in latents:
        middle = np.median(latent, (1, 2), keepdims=True)
        spread = latent.std((1, 2), keepdims=True) + 1e-3
        distance += (((latent - middle) / spread) ** 2).sum(0)
    return np.minimum(distance, np.percentile(distance, _OUTLIER))
