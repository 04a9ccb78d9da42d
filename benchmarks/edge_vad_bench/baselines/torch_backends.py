"""The scene's network in PyTorch: patch by patch, dense, and compiled."""

from __future__ import annotations

import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from edge_vad.backends import AnyInput, Backend, ModelOutput, with_motion
from edge_vad_train.model.scene_network import SceneNetwork
from edge_vad_train.model.vae import Encoder

MapFunction = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
"""From frame and motion to anomaly map and score."""


class TorchBackend(Backend):
    """Runs a function of PyTorch as the pipeline's backend.

    Args:
        name: Such as `torch-eager`.
        compute: The function.
    """

    device = "cpu"

    def __init__(self, name: str, compute: MapFunction) -> None:
        self.name = name
        self._compute = compute

    def infer(self, inputs: AnyInput) -> ModelOutput:
        """See `Backend.infer`."""
        with torch.inference_mode():
            frame, motion = (torch.from_numpy(each) for each in with_motion(inputs))
            anomaly_map, score = self._compute(frame, motion)
            maps = ModelOutput(anomaly_map.numpy(), score.numpy())
        self.on_stage("compute")
        return maps


def dense(network: SceneNetwork) -> MapFunction:
    """The network as it is exported, run eagerly."""

    def compute(frame: Tensor, motion: Tensor) -> tuple[Tensor, Tensor]:
        anomaly_map, score, *_ = network(frame, motion)
        return anomaly_map, score

    return compute


def compiled(network: SceneNetwork) -> MapFunction:
    """The same, compiled for one frame."""
    return dense(torch.compile(network, dynamic=False))  # type: ignore[arg-type]


def patch_by_patch(network: SceneNetwork) -> MapFunction:
    """The network with its encoders run on every patch by itself, all patches of a frame at once.

    So papers do it that cut patches out of the frame.
    """
    cut = copy.deepcopy(network)
    energies = cut.energies
    energies.appearance_encoder = _PatchByPatch(energies.appearance_encoder)
    energies.motion_encoder = _PatchByPatch(energies.motion_encoder)
    return dense(cut)


class _PatchByPatch(Encoder):
    """An encoder that is given every patch by itself."""

    def __init__(self, encoder: Encoder) -> None:
        nn.Module.__init__(self)
        self.dense = encoder
        self.patch, self.stride = encoder.patch, encoder.stride

    def mean_of(self, image: Tensor) -> Tensor:
        """The posterior mean of every patch, (1, D, rows, columns)."""
        rows, columns = ((side - self.patch) // self.stride + 1 for side in image.shape[2:])
        cut = F.unfold(image, self.patch, stride=self.stride)[0].T
        patches = cut.reshape(rows * columns, image.shape[1], self.patch, self.patch)
        latents = self.dense.mean_of(patches)
        return latents.reshape(1, rows, columns, -1).permute(0, 3, 1, 2)
