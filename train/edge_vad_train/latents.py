"""A pass over training footage that fits the mixtures to its latents."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits
from torch import Tensor

from edge_vad_train.footage import Stretch
from edge_vad_train.mixture import Mixture, SampleEnergy, fit_mixture, place_lift
from edge_vad_train.model import Encoder
from edge_vad_train.network import Appearance, SceneEnergies, Streams
from edge_vad_train.patches import draw_corners
from edge_vad_train.side_by_side import run_side_by_side
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
    drawn = _draw_latents(stretches, Streams(appearance, encoders), cells, seed)
    both = np.concatenate([drawn.looks, drawn.moves, drawn.stays], 1)

    def fit(samples: NDArray[np.float32], tell: Callable[[int], None]) -> Mixture:
        mixture = fit_mixture(samples, components, seed)
        tell(1)
        return mixture

    with threadpool_limits(1, user_api="blas"):
        mixtures = run_side_by_side(fit, (both, drawn.looks, drawn.sampled_moves), progress)
    mixtures = [*mixtures[1:], mixtures[0]]  # the largest was begun first
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
    batches = [
        (stretch, slice(start, start + _BATCH * every, every))
        for stretch in stretches
        for start in range(1, len(stretch), _BATCH * every)
    ]

    def see(batch: tuple[Stretch, slice], _: Callable[[], None]) -> list[NDArray[np.float32]]:
        with torch.inference_mode():
            latents = energies.latents(*energies.images(frames_of(*batch), motion_of(*batch)))
            joint = (
                energy.log_joint(each)
                for energy, each in zip(energies.mixtures, latents, strict=True)
            )
            return [torch.softmax(each, 1).sum(0).numpy() for each in joint]

    parts = run_side_by_side(see, batches, _nothing)
    return [np.sum(each, 0) for each in zip(*parts, strict=True)]


def _nothing() -> None:
    """Nobody waits for it."""


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


def _draw_latents(stretches: Sequence[Stretch], streams: Streams, cells: int, seed: int) -> _Drawn:
    """Draw cells: half uniformly, half by how far their latents are from the frame's ordinary ones.

    Most of a street is empty.
    """
    moments = [(stretch, index) for stretch in stretches for index in range(1, len(stretch))]
    rng = np.random.default_rng([seed, 2])
    chosen = np.sort(rng.choice(len(moments), min(len(moments), _FRAMES), replace=False))

    def draw(moment: int, _: Callable[[], None]) -> tuple[NDArray[np.float32], ...]:
        stretch, index = moments[moment]
        now, rng = slice(index, index + 1), np.random.default_rng([seed, 2, moment])
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
        return looks[:, rows, columns], mean, sampled, stays[:, rows, columns]

    drawn = run_side_by_side(draw, chosen.tolist(), _nothing)
    return _Drawn(*(np.concatenate(each, 1).T for each in zip(*drawn, strict=True)))


def _strangeness(latents: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """How far each cell is from the frame's median latent, in standard deviations squared."""
    distance = np.zeros(latents[0].shape[1:], np.float32)
    for latent in latents:
        middle = np.median(latent, (1, 2), keepdims=True)
        spread = latent.std((1, 2), keepdims=True) + 1e-3
        distance += (((latent - middle) / spread) ** 2).sum(0)
    return np.minimum(distance, np.percentile(distance, _OUTLIER))
