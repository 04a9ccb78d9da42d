"""The whole of a scene as one PyTorch module: what is exported, and what the graph is held to."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import torch
from torch import Tensor, nn

from edge_vad.scene_model import Calibration
from edge_vad_train.model.fusion import calibrated, fuse, highest_cells, localise
from edge_vad_train.model.mixture import SampleEnergy
from edge_vad_train.model.stream_inputs import STREAMS, PaperInputs, PerspectiveInputs, StreamInputs
from edge_vad_train.model.vae import Encoder

GENERATION = 9
"""Counts the ways from frames to scores: what was trained for another is refused."""

JOINT = "joint"
"""Energy of both latents together."""

PHYSICAL = "physical"
"""Energy of the physical numbers of a cell, its features."""

_SOME_CELLS = 16.0
"""Active cells that a frame has at least when its highest is compared with other frames'."""


class SceneEnergies(nn.Module):
    """From frames to the sample energies of every cell.

    Args:
        make_inputs: From frames and their motion to `StreamInputs`.
        encoders: Of the appearance and of the motion stream; they share one grid of cells.
        energies: By name, in the order in which they are put out.
    """

    def __init__(
        self,
        make_inputs: PaperInputs | PerspectiveInputs,
        encoders: Mapping[str, Encoder],
        energies: Mapping[str, SampleEnergy],
    ) -> None:
        super().__init__()
        self.views = make_inputs  # as its tensors are called in checkpoints
        self.appearance_encoder, self.motion_encoder = (encoders[name] for name in STREAMS)
        self.mixtures = nn.ModuleList(energies.values())
        self.energies = dict(energies)

    @property
    def lights(self) -> int:
        """How many kinds of light are distinguished."""
        return self.views.lights

    def inputs_of(self, frame: Tensor, motion: Tensor) -> StreamInputs:
        """What is seen of frames; shapes as in `forward`."""
        inputs: StreamInputs = self.views(frame, motion)
        return inputs

    def latents(self, inputs: StreamInputs) -> dict[str, Tensor]:
        """What each energy is computed of, (N, D, rows, columns) by the energy's name."""
        encoders = self.appearance_encoder, self.motion_encoder
        latents = {
            name: encoder.mean_of(image)
            for encoder, (name, image) in zip(encoders, inputs.of_encoders.items(), strict=True)
        }
        latents[JOINT] = torch.cat([latents[name] for name in STREAMS], 1)
        if inputs.cell_features is not None:
            latents[PHYSICAL] = inputs.cell_features
        return latents

    def forward(self, frame: Tensor, motion: Tensor) -> dict[str, Tensor]:
        """Score every cell by every energy.

        Args:
            frame: uint8, (N, height, width, 3), blue-green-red.
            motion: float32, (N, channels, height', width'), pooled flow, px a frame.

        Returns:
            Energy by name, float32, (N, rows, columns), nats.
        """
        return self.of(self.inputs_of(frame, motion))

    def of(self, inputs: StreamInputs, names: Collection[str] | None = None) -> dict[str, Tensor]:
        """Score what is seen of frames, by all energies or some of them; see `forward`."""
        latents = self.latents(inputs)
        chance = _highest_by_chance(inputs.activity)
        return {
            name: energy.at_rest_where(energy(latents[name]), inputs.activity) - chance
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
        inputs = self.energies.inputs_of(frame, motion)
        energies = self.energies.of(inputs)
        maps = [
            calibrated(energy, self.calibrations[name], inputs.light)
            for name, energy in energies.items()
            if self.calibrations[name].weight
        ]
        scores = [highest_cells(each, self.score_cells) for each in maps]
        anomaly_map, score = fuse(maps), fuse(scores)
        return localise(anomaly_map, inputs.presence), score, *energies.values()
