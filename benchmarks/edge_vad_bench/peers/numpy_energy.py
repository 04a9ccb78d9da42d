"""The encoders in ONNX Runtime, and the sample energy in numpy outside the graph."""

from __future__ import annotations

import functools
import io
import logging
import warnings

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import convolve
from torch import Tensor, nn

from edge_vad.backends import Backend, Inputs, Maps
from edge_vad.backends.onnxruntime import open_session
from edge_vad.backends.providers import PROVIDERS
from edge_vad.scene_model import Calibration
from edge_vad_train.checkpoint import TrainedScene
from edge_vad_train.mixture import SampleEnergy
from edge_vad_train.network import (
    COMMON,
    FURTHEST,
    HEARD_WITH_NEIGHBOURS,
    EnergyMaps,
    SceneEnergies,
)

Array = NDArray[np.float32]

_LATENTS = ("looks", "moves", "both")
_PRESENCES = tuple(f"presence_of_{name}" for name in EnergyMaps._fields)


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
        given = self._session.run(_LATENTS + _PRESENCES, inputs._asdict())
        seen = zip(given[:3], given[3:], self._mixtures, strict=True)
        maps = [
            attribute(comparable(name, mixture.energy(latent), calibration), presence)
            for latent, presence, (name, mixture, calibration) in seen
            if calibration.weight > 0
        ]
        anomaly_map = np.maximum.reduce(maps)
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


def comparable(name: str, energy: Array, calibration: Calibration) -> Array:
    """What one energy says in the fused map, as `network.comparable` and its weight have it.

    Args:
        name: One of the fields of `EnergyMaps`.
        energy: (1, rows, columns), nats.
        calibration: Of this energy.
    """
    rise = _rise(energy, calibration)
    calibrated = (energy - calibration.location - rise) / np.float32(calibration.scale + rise)
    if name in HEARD_WITH_NEIGHBOURS:
        calibrated = _with_neighbours(calibrated)
    return calibrated * np.float32(calibration.weight)


def attribute(calibrated: Array, presence: Array) -> Array:
    """As `network.attribute` has it."""
    attributed: Array = np.minimum(calibrated, np.maximum(calibrated, 0) * presence)
    return attributed


def _rise(energy: Array, calibration: Calibration) -> np.float32:
    if calibration.ground is None:
        return np.float32(0)
    some = energy.ravel()[::9]
    upper_middle = (len(some) - 1) // 2
    median = np.partition(some, upper_middle)[upper_middle]
    return np.float32(COMMON * max(0.0, float(median) - calibration.ground))


def _with_neighbours(calibrated: Array) -> Array:
    odds = np.exp(np.clip(calibrated, -FURTHEST, FURTHEST))
    together: Array = np.log(_around(odds) / _neighbours(odds.shape))
    return together


@functools.cache
def _neighbours(shape: tuple[int, ...]) -> Array:
    """How many cells there are around each, itself included."""
    return _around(np.ones(shape, np.float32))


def _around(cells: Array) -> Array:
    """Sums over 3x3 cells, those beyond the border left out."""
    sums: Array = convolve(cells, np.ones((1, 3, 3), np.float32), mode="constant")
    return sums


class _Encoders(nn.Module):
    def __init__(self, energies: SceneEnergies) -> None:
        super().__init__()
        self.energies = energies

    def forward(self, frame: Tensor, motion: Tensor) -> tuple[Tensor, ...]:
        images = self.energies.images(frame, motion)
        glance = self.energies.appearance.glance(frame)
        presences = self.energies.presences(images.look, glance, images.move)
        return (*self.energies.latents(*images), *presences)


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
            output_names=[*_LATENTS, *_PRESENCES],
            dynamo=True,
            verbose=False,
        )
    assert program is not None  # noqa: S101 - None only when written to a file at once
    content.write(program.model_proto.SerializeToString())
    return content.getvalue()
