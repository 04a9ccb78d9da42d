"""The scene's network in PyTorch: patch by patch, dense, and compiled."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from edge_vad.backends import Backend, Inputs, Maps
from edge_vad_train.appearance import silhouette
from edge_vad_train.model import Encoder
from edge_vad_train.network import EnergyMaps, SceneNetwork, fuse

Compute = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
"""From frame and motion to anomaly map and score."""


class TorchBackend(Backend):
    """Runs a function of PyTorch as the pipeline's backend.

    Args:
        name: Such as `torch-eager`.
        compute: The function.
    """

    device = "cpu"

    def __init__(self, name: str, compute: Compute) -> None:
        self.name = name
        self._compute = compute

    def infer(self, inputs: Inputs) -> Maps:
        """See `Backend.infer`."""
        with torch.inference_mode():
            frame, motion = (torch.from_numpy(each) for each in inputs)
            anomaly_map, score = self._compute(frame, motion)
            maps = Maps(anomaly_map.numpy(), score.numpy())
        self.mark("compute")
        return maps


def dense(network: SceneNetwork) -> Compute:
    """The network as it is exported, run eagerly."""

    def compute(frame: Tensor, motion: Tensor) -> tuple[Tensor, Tensor]:
        output = network(frame, motion)
        return output.anomaly_map, output.score

    return compute


def compiled(network: SceneNetwork) -> Compute:
    """The same, compiled for one frame."""
    return dense(torch.compile(network, dynamic=False))  # type: ignore[arg-type]


def patch_by_patch(network: SceneNetwork) -> Compute:
    """The network with its encoders run on every patch by itself, all patches of a frame at once.

    So papers do it that cut patches out of the frame. What cannot be done by patches, calibration
    and attribution to places, is done as in the dense network.
    """
    energies = network.energies

    def compute(frame: Tensor, motion: Tensor) -> tuple[Tensor, Tensor]:
        look, move, lately = energies.images(frame, motion)
        looks = _latents(energies.appearance_encoder, silhouette(look))
        moves = _latents(energies.motion_encoder, move)
        joint = torch.cat([looks, moves, energies.stays(look, lately)], 1)
        latents = looks, moves, joint
        pairs = zip(energies.mixtures, latents, strict=True)
        maps = EnergyMaps(*(energy(latent) for energy, latent in pairs))
        presences = energies.presences(look, energies.appearance.glance(frame), move)
        anomaly_map = fuse(maps, presences, network.calibrations)
        return anomaly_map, anomaly_map.amax((1, 2))

    return compute


def _latents(encoder: Encoder, image: Tensor) -> Tensor:
    """The posterior mean of every patch, each encoded by itself, (1, D, rows, columns)."""
    patch, stride = encoder.patch, encoder.stride
    rows, columns = ((side - patch) // stride + 1 for side in image.shape[2:])
    cut = F.unfold(image, patch, stride=stride)[0].T
    patches = cut.reshape(rows * columns, image.shape[1], patch, patch)
    latents: Tensor = encoder.mean_of(patches)
    return latents.reshape(1, rows, columns, -1).permute(0, 3, 1, 2)
