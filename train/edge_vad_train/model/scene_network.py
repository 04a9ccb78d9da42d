"""The whole of a scene as one PyTorch module: what is exported, and what the graph is held to."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import reduce

import torch
from torch import Tensor, nn

from edge_vad.scene_model import Calibration
from edge_vad_train.model.mixture import SampleEnergy
from edge_vad_train.model.stream_inputs import Views
from edge_vad_train.model.vae import Encoder

GENERATION = 7
"""Counts the ways from frames to scores: what was trained for another is refused."""

STREAMS = ("appearance", "motion")
"""The encoders, and the energies of their latents."""

JOINT = "joint"
"""Energy of both latents together."""

PHYSICAL = "physical"
"""Energy of the physical numbers of a cell."""

_SOME_CELLS = 16.0
"""Active cells that a frame has at least when its highest is compared with other frames'."""


class SceneEnergies(nn.Module):
    """From frames to the sample energies of every cell.

    Args:
        views: What is seen of frames, see `Views`.
        encoders: Of the appearance and of the motion stream; they share one grid of cells.
        energies: By name, in the order in which they are put out.
    """

    def __init__(
        self,
        views: nn.Module,
        encoders: Mapping[str, Encoder],
        energies: Mapping[str, SampleEnergy],
    ) -> None:
        super().__init__()
        self.views = views
        self.appearance_encoder, self.motion_encoder = (encoders[name] for name in STREAMS)
        self.mixtures = nn.ModuleList(energies.values())
        self.energies = dict(energies)

    def latents(self, views: Views) -> dict[str, Tensor]:
        """What each energy is computed of, (N, D, rows, columns) by the energy's name."""
        latents = {
            "appearance": self.appearance_encoder.mean_of(views.appearance),
            "motion": self.motion_encoder.mean_of(views.motion),
        }
        latents[JOINT] = torch.cat([latents[name] for name in STREAMS], 1)
        if views.numbers is not None:
            latents[PHYSICAL] = views.numbers
        return latents

    def forward(self, frame: Tensor, motion: Tensor) -> dict[str, Tensor]:
        """Score every cell by every energy.

        Args:
            frame: uint8, (N, height, width, 3), blue-green-red.
            motion: float32, (N, channels, height', width'), pooled flow, px a frame.

        Returns:
            Energy by name, float32, (N, rows, columns), nats.
        """
        return self.of(self.views(frame, motion))

    def of(self, views: Views, names: Collection[str] | None = None) -> dict[str, Tensor]:
        """Score what is seen of frames, by all energies or some of them; see `forward`."""
        latents = self.latents(views)
        chance = _highest_by_chance(views.activity)
        return {
            name: energy.at_rest_where(energy(latents[name]), views.activity) - chance
            for name, energy in self.energies.items()
            if names is None or name in names
        }


def _highest_by_chance(activity: Tensor | None) -> Tensor | float:
    """How much higher the highest of many cells is by chance, (N, 1, 1), nats.

    Of n cells with exponential tails the highest grows with `log n`. Without this a frame is the
    stranger the more people are in it.

    Args:
        activity: float32, (N, 1, rows, columns), 0 to 1; None where it is not known.
    """
    return 0.0 if activity is None else torch.log(activity.sum((2, 3)) + _SOME_CELLS)[:, :, None]


class SceneNetwork(nn.Module):
    """From a frame and its pooled motion to the anomaly map and the frame score.

    Args:
        energies: The sample energies.
        calibrations: How they become comparable, and which count.
        score_cells: A frame reaches as high as the mean of so many highest cells.
    """

    def __init__(
        self,
        energies: SceneEnergies,
        calibrations: Mapping[str, Calibration],
        score_cells: int,
    ) -> None:
        super().__init__()
        self.energies = energies
        self.calibrations = calibrations
        self.score_cells = score_cells

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of what `forward` gives."""
        return "anomaly_map", "score", *(f"{name}_energy" for name in self.energies.energies)

    def forward(self, frame: Tensor, motion: Tensor) -> tuple[Tensor, ...]:
        """Score every cell and every frame; shapes as in `SceneEnergies`.

        The energy counts that is the rarest in normal footage: in the map cell by cell, in the
        score by how high it reaches in the frame.
        """
        views: Views = self.energies.views(frame, motion)
        energies = self.energies.of(views)
        maps = [
            calibrated(energy, self.calibrations[name], views.light)
            for name, energy in energies.items()
            if self.calibrations[name].weight
        ]
        scores = [highest_cells(each, self.score_cells) for each in maps]
        anomaly_map, score = (reduce(torch.maximum, each) for each in (maps, scores))
        return localise(anomaly_map, views.presence), score, *energies.values()


def localise(anomaly_map: Tensor, presence: Tensor | None) -> Tensor:
    """Give what is strange around something to the place where it is.

    Args:
        anomaly_map: float32, (N, rows, columns); what is below 0 is ordinary and stays as it is.
        presence: float32, (N, rows, columns), see `Views`; None where it is not known.
    """
    if presence is None:
        return anomaly_map
    return torch.minimum(anomaly_map, torch.relu(anomaly_map) * presence)


def calibrated(energy: Tensor, calibration: Calibration, light: Tensor | None) -> Tensor:
    """Calibrate an energy, see `Calibration`; each light by its own.

    Args:
        energy: float32, (N, rows, columns), nats.
        calibration: Of this energy.
        light: float32, (N, lights), 1 for the light that there is; None where there is one.
    """
    if light is None:
        return (energy - calibration.locations[0]) * (1 / calibration.scales[0])
    # Sums of products, not a product of matrices: one light counts, and to the last digit.
    location = (light * light.new_tensor(calibration.locations)).sum(1)[:, None, None]
    slope = (light / light.new_tensor(calibration.scales)).sum(1)[:, None, None]
    return (energy - location) * slope


def highest_cells(energy_map: Tensor, count: int) -> Tensor:
    """The mean of the highest cells, float32, (N,): a thing reaches into several, chance does not.

    Args:
        energy_map: float32, (N, rows, columns).
        count: How many cells.
    """
    cells = energy_map.flatten(1)
    if count == 1:
        return cells.amax(1)
    return cells.topk(min(count, cells.shape[1]), 1).values.mean(1)
