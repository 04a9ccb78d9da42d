"""Runs scene models on ONNX Runtime."""

from __future__ import annotations

import os

from edge_vad.backends.base import Backend, Inputs, Maps
from edge_vad.errors import BadModel, Unavailable
from edge_vad.scene_model import SceneModel

try:
    import onnxruntime as ort
except ImportError as error:
    raise Unavailable(
        "ONNX Runtime is not installed",
        "run pip install 'edge-vad[cpu]', or 'edge-vad[gpu]' on a machine with an NVIDIA GPU",
    ) from error

_OUTPUTS = list(Maps._fields)


class OnnxRuntimeBackend(Backend):
    """A scene model on ONNX Runtime's CPU provider.

    Args:
        model: The scene model.
        threads: CPU threads; all cores when None.

    Raises:
        BadModel: ONNX Runtime refuses the graph, or it contradicts the metadata.
    """

    name = "onnxruntime"
    device = "cpu"

    def __init__(self, model: SceneModel, threads: int | None = None) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads or len(os.sched_getaffinity(0))
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self._session = ort.InferenceSession(
                str(model.path), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # noqa: BLE001 - ONNX Runtime's errors share no base class
            raise BadModel(
                f"ONNX Runtime cannot load {model.path} ({_first_line(error)})",
                "write it again with edge-vad export",
            ) from None
        self._check_graph(model)

    def infer(self, inputs: Inputs) -> Maps:
        """Score a batch; see `Backend.infer`."""
        return Maps(*self._session.run(_OUTPUTS, inputs._asdict()))

    def _check_graph(self, model: SceneModel) -> None:
        card = model.card
        inputs = {node.name: node.shape[1:] for node in self._session.get_inputs()}
        outputs = {node.name: node.shape[1:] for node in self._session.get_outputs()}
        motion = [
            card.height // card.motion.downscale,
            card.width // card.motion.downscale,
            card.motion.pooling.channels,
        ]
        agrees = (
            inputs == {"frame": [card.height, card.width, 3], "motion": motion}
            and outputs.get("anomaly_map") == [card.grid.rows, card.grid.columns]
            and outputs.get("score") == []
        )
        if not agrees:
            raise BadModel(
                f"the graph in {model.path} does not fit its metadata",
                "write it again with edge-vad export",
            )


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n", 1)[0]
