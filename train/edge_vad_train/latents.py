"""A pass over training footage that fits the mixtures to its latents."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits
from torch import Tensor

from edge_vad_train.appearance import Appearance, silhouette
from edge_vad_train.bad_weather import Copy
from edge_vad_train.expectation_maximisation import NOISE_FLOOR, fit_mixture
from edge_vad_train.footage import Stretch
from edge_vad_train.mixture import Mixture, SampleEnergy, place_lift
from edge_vad_train.model import Encoder
from edge_vad_train.network import SceneEnergies, Streams
from edge_vad_train.patches import draw_corners
from edge_vad_train.side_by_side import run_side_by_side
from edge_vad_train.streams import frames_of, motion_of

_FRAMES = 1500
_BATCH = 4
_OUTLIER = 99.5
_ACTIVE = 0.01

Seen = Sequence[NDArray[np.float32]]
"""How often each component was seen at every cell, (K, rows, columns) for each mixture."""


class LearntScene:
    """What was learnt of a scene; how much it counts where something is seen is still open.

    Args:
        appearance: Takes the background away.
        encoders: Of the appearance and of the motion stream.
        mixtures: In the order of `EnergyMaps`.
        seen: Of every stretch of the footage.
        active_dimensions: Of each stream's latent.

    Attributes:
        active_dimensions: Stream to how many dimensions of its latent tell anything, see
            `count_active`.
    """

    def __init__(
        self,
        appearance: Appearance,
        encoders: tuple[Encoder, Encoder],
        mixtures: Sequence[Mixture],
        seen: Sequence[Seen],
        active_dimensions: dict[str, int],
    ) -> None:
        self.active_dimensions = active_dimensions
        self._streams = appearance, encoders
        self._mixtures = mixtures
        self._seen = seen
        self._overall = [np.sum(each, 0) for each in zip(*seen, strict=True)]

    def energies(self, place_say: float = 1.0, without: int | None = None) -> SceneEnergies:
        """The energies of the scene.

        Args:
            place_say: How much it counts in the joint energy where something is seen, see
                `place_lift`. In the others it counts once.
            without: Number of a stretch that tells nothing of places, so that it can be scored like
                footage of another day.
        """
        seen = self._overall
        if without is not None:
            # Differences of sums are not exact, and nothing is seen less often than never.
            parts = zip(seen, self._seen[without], strict=True)
            seen = [np.maximum(overall - part, 0) for overall, part in parts]
        lifts = [place_lift(*each) for each in zip(seen, (1, 1, place_say), strict=True)]
        return SceneEnergies(*self._streams, _energies(self._mixtures, lifts))


def fit_mixtures(
    stretches: Sequence[Stretch],
    copies: Sequence[Copy],
    appearance: Appearance,
    encoders: tuple[Encoder, Encoder],
    components: tuple[int, int, int],
    cells: int,
    seed: int,
    noise_floor: float = NOISE_FLOOR,
    progress: Callable[[int], None] = lambda _: None,
) -> LearntScene:
    """Fit the mixtures of appearance, of motion, and of both; then learn what is usual where.

    The joint mixture is fitted to the copies that are learnt, too, and told by all of them what is
    usual where. It can tell a swaying tree from somebody who walks; to the others each would make
    the other look ordinary.

    The mixture of motion is fitted to samples of the posterior, the others to its mean. Movement
    is told only as finely as the posterior is wide; without that width the still background makes
    every small movement rare. For what a thing looks like while it moves the noise floor is width
    enough, and samples blur it.

    Args:
        stretches: Footage to fit to.
        copies: Some of it in bad weather; one at least is learnt.
        appearance: Takes the background away.
        encoders: Of the appearance and of the motion stream.
        components: K of the mixtures, in the order of `EnergyMaps`.
        cells: Latents that each mixture is fitted to, about.
        seed: Seed of the draw and of the mixtures' initial means.
        noise_floor: Added to every variance of the mixtures.
        progress: Called with 1 after each mixture.
    """
    streams = Streams(appearance, encoders)
    drawn = _draw_latents(stretches, streams, cells, seed)
    frames = sum(map(len, stretches))
    weather = [copy.stretch for copy in copies if copy.is_learnt]
    share = sum(map(len, weather)) / frames
    disturbed = _draw_latents(weather, streams, round(cells * share), seed)
    both = np.concatenate(
        [np.concatenate([each.looks, each.moves, each.stays], 1) for each in (drawn, disturbed)]
    )

    def fit(work: tuple[NDArray[np.float32], int], tell: Callable[[int], None]) -> Mixture:
        mixture = fit_mixture(*work, seed, noise_floor)
        tell(1)
        return mixture

    samples = drawn.looks, drawn.sampled_moves, both
    largest_first = list(zip(samples, components, strict=True))[::-1]
    with threadpool_limits(1, user_api="blas"):
        mixtures = run_side_by_side(fit, largest_first, progress)[::-1]
    everywhere = SceneEnergies(appearance, encoders, _energies(mixtures, [None] * 3))
    every = max(1, frames // _FRAMES)
    seen = _seen_at_places(stretches, everywhere, every)
    # Every frame, as if bad weather were as common: it comes again, and at all places.
    in_weather = _seen_at_places([copy.stretch for copy in copies], everywhere, 1)
    for copy, at_places in zip(copies, in_weather, strict=True):
        looks, moves, joint = seen[copy.of]
        seen[copy.of] = looks, moves, joint + at_places[2]
    active = {"appearance": count_active(drawn.looks), "motion": count_active(drawn.moves)}
    return LearntScene(appearance, encoders, mixtures, seen, active)


def count_active(means: NDArray[np.float32]) -> int:
    """How many dimensions of a latent tell anything: their means differ from patch to patch.

    A dimension is active where the variance of the posterior mean over the data is above 0.01
    (Burda, Grosse and Salakhutdinov, 1509.00519). An autoencoder that has collapsed has none left.

    Args:
        means: float32, (n, D), posterior means.

    Example:
        >>> count_active(np.array([[0.0, 3.0], [1.0, 3.0]], np.float32))
        1
    """
    return int((means.var(0) > _ACTIVE).sum())


def _energies(
    mixtures: Sequence[Mixture], lifts: Sequence[Tensor | None]
) -> tuple[SampleEnergy, SampleEnergy, SampleEnergy]:
    looks, moves, both = (SampleEnergy(*pair) for pair in zip(mixtures, lifts, strict=True))
    return looks, moves, both


def _seen_at_places(
    stretches: Sequence[Stretch], energies: SceneEnergies, every: int
) -> list[Seen]:
    """Sum the components' responsibilities over the frames of every stretch, or some of them."""

    def see(stretch: Stretch, _: Callable[[], None]) -> Seen:
        parts = []
        for start in range(1, len(stretch), _BATCH * every):
            batch = stretch, slice(start, start + _BATCH * every, every)
            with torch.inference_mode():
                latents = energies.latents(*energies.images(frames_of(*batch), motion_of(*batch)))
                joint = (
                    energy.log_joint(each)
                    for energy, each in zip(energies.mixtures, latents, strict=True)
                )
                parts.append([torch.softmax(each, 1).sum(0).numpy() for each in joint])
        return [np.sum(each, 0) for each in zip(*parts, strict=True)]

    return run_side_by_side(see, stretches, _nothing)


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
            looks = streams.appearance_encoder.mean_of(silhouette(images.look))[0].numpy()
            moves, log_variance = (each[0].numpy() for each in streams.motion_encoder(images.move))
            stays = streams.stays(images.look, images.lately)[0].numpy()
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
