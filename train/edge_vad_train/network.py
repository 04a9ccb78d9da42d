"""The whole of a scene as one PyTorch module: what is exported, and what the graph is held to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from edge_vad.scene_model import Calibration, Energies
from edge_vad_train.appearance import GLANCE, Appearance, difference, grey_of, silhouette
from edge_vad_train.mixture import SampleEnergy
from edge_vad_train.model import Encoder, patch_means

GENERATION = 5
"""Counts the ways from frames to scores: what was trained for another is refused."""

_CLEAR_SPEED = 2.0
"""What makes something as present as its look does, px a frame."""

_FAINT = 0.01
_ABSENT, _PRESENT = 0.25, 0.5
"""Shares of the most in the surroundings, up to which nothing is there and from which on all is."""

_MIDDLE = 6
"""Side of the middle of a patch, px of the streams' input."""

RECENT_CHANNELS = 2
"""Of the motion input: the recent picture and its weight."""

STAY_DIMENSIONS = 2
"""Of the joint latent: how much stays in a patch, and which share of what is there."""

_CLEAR_STAY = 0.1
_CLEAR_SHARE = 0.3
_LITTLE = 0.05
_MOST = 0.2
"""Grey from which on more makes no difference, so that energies stay numbers of ordinary size."""

FURTHEST = 80.0
"""From 0, up to where exponentials are numbers in single precision."""

HEARD_WITH_NEIGHBOURS = ("joint",)
"""The energies of which single patches say less than a patch and those around it."""

COMMON = 2.0
"""What is taken from all cells of the rise of the middle one: the strangest rise by more."""


class Images(NamedTuple):
    """What a scene's streams see of frames.

    Attributes:
        look: float32, (N, 3, h, w), what differs from the empty scene.
        move: float32, (N, flow channels, h, w), pooled flow, px a frame.
        lately: float32, (N, 1, h, w), what differed from it lately, in grey.
    """

    look: Tensor
    move: Tensor
    lately: Tensor


class EnergyMaps(NamedTuple):
    """The three sample energies of every cell, float32, (N, rows, columns), nats."""

    appearance: Tensor
    motion: Tensor
    joint: Tensor


class SceneOutput(NamedTuple):
    """What the graph gives, in its order and by its names."""

    anomaly_map: Tensor
    score: Tensor
    appearance_energy: Tensor
    motion_energy: Tensor
    joint_energy: Tensor


class Streams(nn.Module):
    """From frames to latents.

    Args:
        appearance: Takes the background away.
        encoders: Of the appearance and of the motion stream; they share one grid of cells.
    """

    def __init__(self, appearance: Appearance, encoders: tuple[Encoder, Encoder]) -> None:
        super().__init__()
        self.appearance = appearance
        self.appearance_encoder, self.motion_encoder = encoders
        self.patch, self.stride = encoders[1].patch, encoders[1].stride

    def images(self, frame: Tensor, motion: Tensor) -> Images:
        """What the streams see.

        Args:
            frame: uint8, (N, height, width, 3), blue-green-red.
            motion: float32, (N, channels, height', width'), pooled flow, px a frame, and the
                recent picture with its weight.
        """
        # Slices, not a split: a scene in which motion alone has a say needs the first only.
        flows = motion.shape[1] - RECENT_CHANNELS
        move, recent = motion[:, :flows], motion[:, flows : flows + 1]
        weight = motion[:, flows + 1 :, :1, :1]
        look, lately = self.appearance.now_and_lately(frame, recent, weight)
        return Images(look, move, lately)

    def latents(self, look: Tensor, move: Tensor, lately: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Latents of appearance, of motion, and of both, (N, D, rows, columns).

        The joint latent is that of both streams and what stays.
        """
        looks = self.appearance_encoder.mean_of(silhouette(look))
        moves = self.motion_encoder.mean_of(move)
        return looks, moves, torch.cat([looks, moves, self.stays(look, lately)], 1)

    def stays(self, look: Tensor, lately: Tensor) -> Tensor:
        """How much stays in every patch, and which share of what is there: (N, 2, rows, columns).

        What is brighter than the empty scene, or darker, stays as far as it was so lately, too.
        Both are made as large as latents, about 0 to 1.
        """
        now = grey_of(look)
        brighter, darker = torch.minimum(now, lately), torch.maximum(now, lately)
        still = torch.relu(brighter) - darker.clamp(max=0)
        means = patch_means(torch.cat([still * still, still, now.abs()], 1), self.motion_encoder)
        strength = torch.sqrt(means[:, :1] + _LITTLE**4).clamp(0.0, _MOST) * (1 / _CLEAR_STAY)
        share = means[:, 1:2] / (means[:, 2:] + _LITTLE) * (1 / _CLEAR_SHARE)
        return torch.cat([strength, share], 1)

    def presences(self, look: Tensor, glance: Tensor, move: Tensor) -> EnergyMaps:
        """Where in its surroundings something is: 1 where it is, towards 0 beside it.

        A patch is strange because of something in it, and so are all patches around that it
        reaches into. What differs from the empty scene or moves in the middle of a patch, against
        the most that does so in any patch that overlaps it, tells where that something is. For what
        moves strangely a glance at the frame is enough.

        Args:
            look: float32, (N, 3, h, w), what differs from the empty scene.
            glance: float32, (N, 1, h / 2, w / 2), how much does, see `Appearance.glance`.
            move: float32, (N, flow channels, h, w), pooled flow, px a frame.

        Returns:
            For each energy, 0 to 1.
        """
        rows, columns = (GLANCE * side for side in glance.shape[2:])
        coarse = F.max_pool2d(move[:, :, :rows, :columns], 1, GLANCE)  # a slice, only quicker
        looked = self._where(difference(look) + _speed(move))
        glanced = self._where(glance + _speed(coarse), GLANCE)
        return EnergyMaps(looked, glanced, looked)

    def _where(self, there: Tensor, coarser: int = 1) -> Tensor:
        """From how much is there to where something is, (N, 1, h, w) to (N, rows, columns).

        Args:
            there: In pixels of the streams' input.
            coarser: Or in pixels that are larger by this factor.
        """
        patch, stride = self.patch // coarser, self.stride // coarser
        side = max(_MIDDLE // coarser, stride)
        margin = (patch - side) // 2
        middle = F.avg_pool2d(there[:, :, margin:, margin:], side, stride)
        rows, columns = ((all_of - patch) // stride + 1 for all_of in there.shape[2:])
        middle = middle[:, :, :rows, :columns]
        reach = max(1, patch // stride // 2)
        around = F.max_pool2d(middle, 2 * reach + 1, 1, reach)
        share = middle / (around + _FAINT)
        present: Tensor = ((share - _ABSENT) * (1 / (_PRESENT - _ABSENT))).clamp(0, 1)[:, 0]
        return present


def _speed(move: Tensor) -> Tensor:
    """How much moves, squared; 1 is a clear speed. (N, flow channels, h, w) to (N, 1, h, w)."""
    flow = move[:, :2]
    return (flow * flow).sum(1, keepdim=True) * (1 / _CLEAR_SPEED**2)


class SceneEnergies(Streams):
    """From what the streams see to the sample energies.

    Args:
        appearance: Takes the background away.
        encoders: Of the appearance and of the motion stream; they share one grid of cells.
        energies: Under the mixtures of appearance, of motion, and of both.
    """

    def __init__(
        self,
        appearance: Appearance,
        encoders: tuple[Encoder, Encoder],
        energies: tuple[SampleEnergy, SampleEnergy, SampleEnergy],
    ) -> None:
        super().__init__(appearance, encoders)
        self.appearance_energy, self.motion_energy, self.joint_energy = energies

    @property
    def mixtures(self) -> tuple[SampleEnergy, SampleEnergy, SampleEnergy]:
        """The energies in the order of `EnergyMaps`."""
        return self.appearance_energy, self.motion_energy, self.joint_energy

    def forward(self, look: Tensor, move: Tensor, lately: Tensor) -> EnergyMaps:
        """Score every cell of what `images` gives."""
        latents = self.latents(look, move, lately)
        return EnergyMaps(
            *(energy(each) for energy, each in zip(self.mixtures, latents, strict=True))
        )


def score_by_all(variants: Sequence[SceneEnergies], images: Images) -> list[EnergyMaps]:
    """Score by energies that differ in what is usual where, and share all other work.

    Args:
        variants: Of the same streams and mixtures.
        images: What the streams see.
    """
    first = variants[0]
    distances = [
        energy.distances(latent)
        for energy, latent in zip(first.mixtures, first.latents(*images), strict=True)
    ]
    return [
        EnergyMaps(
            *(energy.at(each) for energy, each in zip(variant.mixtures, distances, strict=True))
        )
        for variant in variants
    ]


class SceneNetwork(nn.Module):
    """From a frame and its pooled motion to the anomaly map and the frame score.

    Args:
        energies: The sample energies.
        calibrations: How they become comparable, and which have a say.
    """

    def __init__(self, energies: SceneEnergies, calibrations: Energies) -> None:
        super().__init__()
        self.energies = energies
        self.calibrations = calibrations

    def forward(self, frame: Tensor, motion: Tensor) -> SceneOutput:
        """Score every cell and every frame; shapes as in `SceneEnergies.images`."""
        look, move, lately = self.energies.images(frame, motion)
        maps = self.energies(look, move, lately)
        glance = self.energies.appearance.glance(frame)
        anomaly_map = fuse(maps, self.energies.presences(look, glance, move), self.calibrations)
        return SceneOutput(anomaly_map, anomaly_map.amax((1, 2)), *maps)


def fuse(maps: EnergyMaps, presences: EnergyMaps, calibrations: Energies) -> Tensor:
    """Make the energies comparable and take the largest that has a say, cell by cell.

    Args:
        maps: The energies.
        presences: Where something is, for each of them, see `Streams.presences`.
        calibrations: Of the energies.

    Returns:
        float32, (N, rows, columns).
    """
    fused: Tensor | None = None
    for name, energy in maps._asdict().items():
        weight = getattr(calibrations, name).weight
        if weight == 0:
            continue
        said = attribute(comparable(name, energy, calibrations), getattr(presences, name))
        said = said if weight == 1 else said * weight  # spares the graph an operator
        fused = said if fused is None else torch.maximum(fused, said)
    assert fused is not None  # noqa: S101 - a scene without any say for any energy is never made
    return fused


def comparable(name: str, energy: Tensor, calibrations: Energies) -> Tensor:
    """An energy as it is compared with the others: calibrated, and the joint one with neighbours.

    Args:
        name: One of the fields of `EnergyMaps`.
        energy: float32, (N, rows, columns), nats.
        calibrations: Of all energies.
    """
    calibrated = calibrate_map(energy, getattr(calibrations, name))
    return with_neighbours(calibrated) if name in HEARD_WITH_NEIGHBOURS else calibrated


def calibrate_map(energy: Tensor, calibration: Calibration) -> Tensor:
    """Calibrate an energy, cell by cell, see `Calibration`.

    Args:
        energy: float32, (N, rows, columns), nats.
        calibration: Of this energy.
    """
    if calibration.ground is None:
        return (energy - calibration.location) * (1 / calibration.scale)
    rise = torch.relu(median_cell(energy) - calibration.ground) * COMMON
    return (energy - (rise + calibration.location)) / (rise + calibration.scale)


def with_neighbours(calibrated: Tensor) -> Tensor:
    """What a cell and the eight around it say together: `log mean exp` of them.

    Things reach into several patches, and chance makes single ones strange. This lies between the
    mean, in which eight ordinary neighbours outvote what is small, and the highest, which listens
    to chance.

    Args:
        calibrated: float32, (N, rows, columns), told apart from -80 to 80.

    Example:
        >>> lonely = torch.zeros(1, 5, 5)
        >>> lonely[0, 2, 2] = 9.0
        >>> [round(float(each), 1) for each in with_neighbours(lonely)[0, 2]]
        [0.0, 6.8, 6.8, 6.8, 0.0]
    """
    odds = calibrated.clamp(-FURTHEST, FURTHEST).exp()
    # One channel: engines want the number of channels fixed, and that of frames is not.
    return F.avg_pool2d(odds[:, None], 3, 1, 1, count_include_pad=False)[:, 0].log()


def median_cell(energy: Tensor) -> Tensor:
    """The median of every ninth cell, float32, (N, 1, 1)."""
    some = energy.flatten(1)[:, ::9]
    middle = some.shape[1] // 2 + 1
    return some.topk(middle, 1).values[:, -1:].reshape(-1, 1, 1)


def attribute(calibrated: Tensor, presence: Tensor) -> Tensor:
    """Give what is strange in a patch to the place where something is.

    Args:
        calibrated: float32, (N, rows, columns); what is below 0 is ordinary and stays as it is.
        presence: float32, (N, rows, columns), see `Streams.presences`.
    """
    return torch.minimum(calibrated, torch.relu(calibrated) * presence)
