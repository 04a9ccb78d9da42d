"""Single energies: the score of each sample energy of a scene alone."""

from __future__ import annotations

import os
import weakref
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from edge_vad.backends import AnyInput, Backend, ModelOutput, load_backend
from edge_vad.backends.bounds import RunDeadline
from edge_vad.backends.camera_states import CameraStates
from edge_vad.backends.onnxruntime import bounded_run, open_session, run_with_state
from edge_vad.backends.providers import PROVIDERS
from edge_vad.scene_model import Calibration, SceneModel

_SUFFIX = "_energy"
_AS_IT_IS = Calibration(locations=(0.0,), scales=(1.0,), weight=0.0)


class StreamBackend(Backend):
    """ONNX Runtime on the CPU, and besides the fused map it keeps those of the single streams.

    At run time these are not asked for, so that they cost nothing there.

    Args:
        model: A scene model whose graph has been checked against its metadata.
        threads: CPU threads; all cores when None.

    Attributes:
        streams: Names of the streams: the graph's outputs that end in `_energy`.
    """

    name = "onnxruntime"
    device = "cpu"

    def __init__(self, model: SceneModel, threads: int | None = None) -> None:
        cores = len(os.sched_getaffinity(0))
        self.motion_inside = model.card.motion_inside is not None
        self._path, self._deadline = model.path, RunDeadline(ort)
        weakref.finalize(self, self._deadline.close)
        self._session = open_session(
            PROVIDERS[self.name], model.content(), threads or cores, model.path
        )
        outputs = [node.name for node in self._session.get_outputs()]
        self.streams = tuple(
            name.removesuffix(_SUFFIX) for name in outputs if name.endswith(_SUFFIX)
        )
        self._calibrations = [model.card.energies.get(name, _AS_IT_IS) for name in self.streams]
        self._own = [name + _SUFFIX for name in self.streams]
        self._outputs, self._states = model.card.outputs, CameraStates(model.card.state)
        self._energies: list[NDArray[np.float32]] = []

    def infer(self, inputs: AnyInput) -> ModelOutput:
        """Score a batch; see `Backend.infer`.

        Raises:
            BadModel: The graph failed, or took too long.
        """
        return run_with_state(self._run, inputs, self._states)

    def _run(self, tensors: dict[str, NDArray[Any]]) -> list[NDArray[Any]]:
        wanted = [*self._own, *self._outputs]
        with bounded_run(self._deadline, self._path):
            results = self._session.run(wanted, tensors, self._deadline.options)
        self._energies = results[: len(self._own)]
        given: list[NDArray[Any]] = results[len(self._own) :]
        return given

    def stream_maps(self) -> dict[str, NDArray[np.float32]]:
        """The maps of the single streams, of the first frame of the last batch.

        Returns:
            Stream to float32, (rows, columns): the energy, less the location of its calibration and
            divided by its scale, wherever in it something is.
        """
        return {
            name: (energy[0] - calibration.locations[0]) / calibration.scales[0]
            for name, calibration, energy in zip(
                self.streams, self._calibrations, self._energies, strict=True
            )
        }


def load_with_streams(model: SceneModel, name: str, *, threads: int | None = None) -> Backend:
    """Load a scene model as `load_backend` does; on ONNX Runtime's CPU with its single streams.

    Raises:
        EdgeVadError: As `load_backend`.
    """
    backend = load_backend(model, name, threads=threads)
    if (backend.name, backend.device) != (StreamBackend.name, StreamBackend.device):
        return backend
    backend.close()
    return StreamBackend(model, threads)
