"""The whole of a scene as one PyTorch module: what is exported, and what the graph is held to."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from edge_vad.scene_model import Energies
from edge_vad_train.mixture import SampleEnergy
from edge_vad_train.model import Encoder

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
    """From a frame and its pooled motion to the sample energies.

    Args:
        appearance: Takes the background away.
        encoders: Of the appearance and of the motion stream; they share one grid of cells.
        energies: Under the mixtures of appearance, of motion and place, and of all three.
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
        self.appearance_energy, self.motion_energy, self.joint_energy = energies

    def forward(self, frame: Tensor, motion: Tensor) -> EnergyMaps:
        """Score every cell.

        Args:
            frame: uint8, (N, height, width, 3), blue-green-red.
            motion: float32, (N, height', width', channels), pooled flow, px a frame.
        """
        looks = self.appearance_encoder.mean_of(self.appearance(frame))
        moves = self.motion_encoder.mean_of(motion.permute(0, 3, 1, 2))
        return EnergyMaps(
            self.appearance_energy(looks),
            self.motion_energy(moves),
            self.joint_energy(torch.cat([looks, moves], 1)),
        )


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
        """Score every cell and every frame; shapes as in `SceneEnergies`."""
        maps = self.energies(frame, motion)
        anomaly_map = fuse(maps, self.calibrations)
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
        gain = calibration.weight / calibration.scale
        calibrated = (energy - calibration.location) * gain
        fused = calibrated if fused is None else torch.maximum(fused, calibrated)
    assert fused is not None  # noqa: S101 - a scene without any say for any energy is never made
    return fused
