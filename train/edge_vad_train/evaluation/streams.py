"""Single streams: what each sample energy of a scene says on its own."""

from __future__ import annotations

import os

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from edge_vad.backends import Backend, Inputs, Maps, load_backend
from edge_vad.scene_model import Calibration, SceneModel

_SUFFIX = "_energy"
_AS_IT_IS = Calibration(location=0.0, scale=1.0, weight=0.0)


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
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads or len(os.sched_getaffinity(0))
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = ort.InferenceSession(
            str(model.path), options, providers=["CPUExecutionProvider"]
        )
        outputs = [node.name for node in self._session.get_outputs()]
        self.streams = tuple(
            name.removesuffix(_SUFFIX) for name in outputs if name.endswith(_SUFFIX)
        )
        self._calibrations = [model.card.energies.get(name, _AS_IT_IS) for name in self.streams]
        self._wanted = [*Maps._fields, *(name + _SUFFIX for name in self.streams)]
        self._energies: list[NDArray[np.float32]] = []

    def infer(self, inputs: Inputs) -> Maps:
        """Score a batch; see `Backend.infer`."""
        results = self._session.run(self._wanted, inputs._asdict())
        self._energies = results[len(Maps._fields) :]
        return Maps(*results[: len(Maps._fields)])

    def stream_maps(self) -> dict[str, NDArray[np.float32]]:
        """The maps of the single streams, of the first frame of the last batch.

        Returns:
            Stream to float32, (rows, columns): the energy, less the location of its calibration and
            divided by its scale, wherever in it something is.
        """
        return {
            name: (energy[0] - calibration.location) / calibration.scale
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
