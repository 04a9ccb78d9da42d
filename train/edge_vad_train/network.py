"""The whole of a scene as one PyTorch module: what is exported, and what the graph is held to."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from edge_vad.scene_model import Calibration, Energies
from edge_vad_train.mixture import SampleEnergy
from edge_vad_train.model import Encoder

_CLEAR_DIFFERENCE = 0.1
"""What makes something as present as motion does: difference from the empty scene, white is 1."""

_CLEAR_SPEED = 2.0
"""What makes something as present as its look does, px a frame."""

_FAINT = 0.01
_ABSENT, _PRESENT = 0.2, 0.5
"""Shares of the most in the surroundings, up to which nothing is there and from which on all is."""

_MIDDLE = 6
"""Side of the middle of a patch, px of the streams' input."""

FRAME_DOWNSCALE = 2
"""The appearance stream sees frames averaged over blocks of this many px a side."""


class Appearance(nn.Module):
    """What differs from the empty scene, at half the frame's resolution.

    A fixed camera knows its background: the median of ordinary footage. What is left after
    taking it away is people and things, whatever they stand in front of.

    Args:
        background: float32, (1, 3, height / 2, width / 2), blue-green-red, 0 to 1.
    """

    background: Tensor

    def __init__(self, background: Tensor) -> None:
        super().__init__()
        self.register_buffer("background", background)

    def forward(self, frame: Tensor) -> Tensor:
        """Take the background away.

        Args:
            frame: uint8, (N, height, width, 3), blue-green-red.

        Returns:
            float32, (N, 3, height / 2, width / 2).
        """
        image = frame.permute(0, 3, 1, 2).to(torch.float32)
        return F.avg_pool2d(image, FRAME_DOWNSCALE) * (1 / 255) - self.background


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


class SceneEnergies(nn.Module):
    """From what the two streams see to the sample energies.

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
        super().__init__()
        self.appearance = appearance
        self.appearance_encoder, self.motion_encoder = encoders
        self.patch, self.stride = encoders[1].patch, encoders[1].stride
        self.appearance_energy, self.motion_energy, self.joint_energy = energies

    def images(self, frame: Tensor, motion: Tensor) -> tuple[Tensor, Tensor]:
        """What the two streams see.

        Args:
            frame: uint8, (N, height, width, 3), blue-green-red.
            motion: float32, (N, height', width', channels), pooled flow, px a frame.

        Returns:
            Two images, float32, (N, 3, h, w) and (N, channels, h, w).
        """
        return self.appearance(frame), motion.permute(0, 3, 1, 2)

    def latents(self, look: Tensor, move: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Posterior means of appearance, of motion, and of both, each (N, D, rows, columns)."""
        looks = self.appearance_encoder.mean_of(look)
        moves = self.motion_encoder.mean_of(move)
        return looks, moves, torch.cat([looks, moves], 1)

    @property
    def mixtures(self) -> tuple[SampleEnergy, SampleEnergy, SampleEnergy]:
        """The energies in the order of `EnergyMaps`."""
        return self.appearance_energy, self.motion_energy, self.joint_energy

    def forward(self, look: Tensor, move: Tensor) -> EnergyMaps:
        """Score every cell of what `images` gives."""
        latents = self.latents(look, move)
        return EnergyMaps(
            *(energy(each) for energy, each in zip(self.mixtures, latents, strict=True))
        )

    def presence(self, look: Tensor, move: Tensor) -> Tensor:
        """Where in its surroundings something is: 1 where it is, towards 0 beside it.

        A patch is strange because of something in it, and so are all patches around that it
        reaches into. What differs from the empty scene or moves in the middle of a patch, against
        the most that does so in any patch that overlaps it, tells where that something is.

        Returns:
            float32, (N, rows, columns), 0 to 1.
        """
        difference = (look * look).sum(1, keepdim=True) * (1 / _CLEAR_DIFFERENCE**2)
        flow = move[:, :2]
        speed = (flow * flow).sum(1, keepdim=True) * (1 / _CLEAR_SPEED**2)
        margin = (self.patch - _MIDDLE) // 2
        middle = F.avg_pool2d((difference + speed)[:, :, margin:, margin:], _MIDDLE, self.stride)
        rows, columns = ((side - self.patch) // self.stride + 1 for side in look.shape[2:])
        middle = middle[:, :, :rows, :columns]
        reach = self.patch // self.stride // 2
        around = F.max_pool2d(middle, 2 * reach + 1, 1, reach)
        share = middle / (around + _FAINT)
        present: Tensor = ((share - _ABSENT) * (1 / (_PRESENT - _ABSENT))).clamp(0, 1)[:, 0]
        return present


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
        look, move = self.energies.images(frame, motion)
        maps = self.energies(look, move)
        anomaly_map = attribute(fuse(maps, self.calibrations), self.energies.presence(look, move))
        return SceneOutput(anomaly_map, anomaly_map.amax((1, 2)), *maps)


def fuse(maps: EnergyMaps, calibrations: Energies) -> Tensor:
    """Calibrate the energies and take the largest, cell by cell.

    Returns:
        float32, (N, rows, columns).
    """
    fused: Tensor | None = None
    for energy, name in zip(maps, EnergyMaps._fields, strict=True):
        calibration = getattr(calibrations, name)
        if calibration.weight == 0:
            continue
        calibrated = calibrate_map(energy, calibration, calibration.weight)
        fused = calibrated if fused is None else torch.maximum(fused, calibrated)
    assert fused is not None  # noqa: S101 - a scene without any say for any energy is never made
    return fused


def calibrate_map(energy: Tensor, calibration: Calibration, weight: float = 1.0) -> Tensor:
    """Make an energy comparable: `weight * (energy - location) / scale`, cell by cell."""
    return (energy - calibration.location) * (weight / calibration.scale)


def attribute(calibrated: Tensor, presence: Tensor) -> Tensor:
    """Give what is strange in a patch to the place where something is.

    Args:
        calibrated: float32, (N, rows, columns); what is below 0 is ordinary and stays as it is.
        presence: float32, (N, rows, columns), see `SceneEnergies.presence`.
    """
    return torch.minimum(calibrated, torch.relu(calibrated) * presence)
