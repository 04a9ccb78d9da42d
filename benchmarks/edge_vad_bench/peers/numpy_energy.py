"""The encoders in ONNX Runtime, and the sample energy in numpy outside the graph."""

from __future__ import annotations

import io
import logging
import warnings

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from edge_vad.backends import Backend, Inputs, Maps
from edge_vad.backends.onnxruntime import open_session
from edge_vad.backends.providers import PROVIDERS
from edge_vad.scene_model import Calibration
from edge_vad_train.checkpoint import TrainedScene
from edge_vad_train.mixture import SampleEnergy
from edge_vad_train.network import EnergyMaps, SceneEnergies

Array = NDArray[np.float32]

_OUTPUTS = ("looks", "moves", "both", "presence")


class NumpyEnergyBackend(Backend):
    """Encoders in a graph, mixtures, calibration and fusion in numpy.

    Args:
        scene: The trained scene.
        threads: CPU threads of ONNX Runtime.
    """

    name, device = "onnxruntime+numpy", "cpu"

    def __init__(self, scene: TrainedScene, threads: int) -> None:
        self._session = open_session(PROVIDERS["onnxruntime"], _encoders(scene), threads)
        calibrations = scene.network.calibrations
        self._mixtures = [
            (name, _Mixture(energy), getattr(calibrations, name))
            for energy, name in zip(
                scene.network.energies.mixtures, EnergyMaps._fields, strict=True
            )
        ]

    def infer(self, inputs: Inputs) -> Maps:
        """See `Backend.infer`."""
        *latents, presence = self._session.run(_OUTPUTS, inputs._asdict())
        maps = [
            _comparable(name, mixture.energy(latent), calibration)
            for latent, (name, mixture, calibration) in zip(latents, self._mixtures, strict=True)
            if calibration.weight > 0
        ]
        fused = np.maximum.reduce(maps)
        anomaly_map = np.minimum(fused, np.maximum(fused, 0) * presence)
        self.mark("compute")
        return Maps(anomaly_map, anomaly_map.max((1, 2)))


class _Mixture:
    def __init__(self, energy: SampleEnergy) -> None:
        self._components = energy.components
        self._weight = energy.weight.numpy()[:, :, 0, 0]
        self._bias = energy.bias.numpy()[:, None]
        self._constant = energy.constant.numpy()[0]

    def energy(self, latent: Array) -> Array:
        """Sample energies (1, h, w) of latents (1, D, h, w)."""
        depth, rows, columns = latent.shape[1:]
        whitened = self._weight @ latent.reshape(depth, -1) + self._bias
        squares = (whitened * whitened).reshape(self._components, -1, rows, columns).sum(1)
        terms = self._constant - squares
        highest = terms.max(0)
        energy: Array = -(highest + np.log(np.exp(terms - highest).sum(0)))
        return energy[None]


def _comparable(name: str, energy: Array, calibration: Calibration) -> Array:
    calibrated = (energy - calibration.location) * np.float32(1 / calibration.scale)
    if name == "joint":
        calibrated = _with_neighbours(calibrated[0])[None]
    return calibrated * np.float32(calibration.weight)


def _with_neighbours(calibrated: Array) -> Array:
    odds = np.exp(calibrated)
    sums = (
        cv2.boxFilter(each, -1, (3, 3), normalize=False, borderType=cv2.BORDER_CONSTANT)
        for each in (odds, np.ones_like(odds))
    )
    together: Array = np.log(np.divide(*sums))
    return together


class _Encoders(nn.Module):
    def __init__(self, energies: SceneEnergies) -> None:
        super().__init__()
        self.energies = energies

    def forward(self, frame: Tensor, motion: Tensor) -> tuple[Tensor, ...]:
        images = self.energies.images(frame, motion)
        presence = self.energies.presence(images.look, images.move)
        return (*self.energies.latents(*images), presence)


def _encoders(scene: TrainedScene) -> bytes:
    """The graph up to the latents."""
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    content = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns of its own deprecations
        program = torch.onnx.export(
            _Encoders(scene.network.energies),
            (scene.sample_frames[:1], scene.sample_motion[:1]),
            input_names=["frame", "motion"],
            output_names=list(_OUTPUTS),
            dynamo=True,
            verbose=False,
        )
    assert program is not None  # noqa: S101 - None only when written to a file at once
    content.write(program.model_proto.SerializeToString())
    return content.getvalue()
