"""Single energies: the score of each sample energy of a scene alone."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_vad.backends import Backend, load_backend
from edge_vad.backends.onnxruntime import OnnxRuntimeBackend
from edge_vad.scene_model import Calibration, SceneModel

_SUFFIX = "_energy"
_AS_IT_IS = Calibration(locations=(0.0,), scales=(1.0,), weight=0.0)


class StreamBackend(OnnxRuntimeBackend):
    """ONNX Runtime on the CPU, and besides the fused map it keeps those of the single streams.

    At run time these are not asked for, so that they cost nothing there.

    Args:
        model: A scene model.
        threads: CPU threads; all cores when None.

    Attributes:
        streams: Names of the streams: the graph's outputs that end in `_energy`.
    """

    streams: tuple[str, ...] = ()

    def __init__(self, model: SceneModel, threads: int | None = None) -> None:
        self._whole = model.content()
        self._energies: list[NDArray[np.float32]] = []
        super().__init__(model, threads or len(os.sched_getaffinity(0)))
        self._calibrations = [model.card.energies.get(name, _AS_IT_IS) for name in self.streams]

    def _open(self, _pruned: Path | bytes, threads: int, path: Path) -> Any:
        session = super()._open(self._whole, threads, path)
        own = [each.name for each in session.get_outputs() if each.name.endswith(_SUFFIX)]
        self.streams = tuple(name.removesuffix(_SUFFIX) for name in own)
        self._outputs = *self._outputs, *own
        return session

    def _run(self, tensors: dict[str, NDArray[Any]]) -> list[NDArray[Any]]:
        given = super()._run(tensors)
        others = len(given) - len(self.streams)
        self._energies = given[others:]
        return given[:others]

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


def load_with_streams(model: SceneModel, name: str, threads: int | None = None) -> Backend:
    """Load a scene model as `load_backend` does; on ONNX Runtime's CPU with its single streams.

    Raises:
        EdgeVadError: As `load_backend`.
    """
    backend = load_backend(model, name, threads=threads)
    if (backend.name, backend.device) != ("onnxruntime", "cpu"):
        return backend
    backend.close()
    return StreamBackend(model, threads)
