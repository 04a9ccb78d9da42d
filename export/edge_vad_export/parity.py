"""Proof that an exported graph says what the trained network says, on real frames."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime as ort
import torch

from edge_vad.errors import CheckFailed
from edge_vad.scene_model import Parity
from edge_vad_train.checkpoint import TrainedScene
from edge_vad_train.network import EnergyMaps, SceneOutput

TOLERANCE = 1e-4
"""Largest relative error of an energy map that an export in single precision may have."""


def measure_parity(scene: TrainedScene, model: onnx.ModelProto) -> Parity:
    """Run the trained network and the graph on the scene's held-back frames.

    Relative errors are the largest difference over the largest magnitude of a map.
    """
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    frames, motion = scene.sample_frames, scene.sample_motion
    with torch.inference_mode():
        expected = SceneOutput(*(each.numpy() for each in scene.network(frames, motion)))
    given = SceneOutput(
        *session.run(list(SceneOutput._fields), {"frame": frames.numpy(), "motion": motion.numpy()})
    )
    energies = [f"{name}_energy" for name in EnergyMaps._fields]
    return Parity(
        frames=len(frames),
        map_relative_error=_relative_error(given.anomaly_map, expected.anomaly_map),
        energy_relative_error=max(
            _relative_error(getattr(given, name), getattr(expected, name)) for name in energies
        ),
        score_absolute_error=float(np.abs(given.score - expected.score).max()),
    )


def demand_parity(parity: Parity) -> None:
    """See to it that the graph is close enough to the network.

    Raises:
        CheckFailed: It is not, or one of them gave something that is no number.
    """
    if not parity.energy_relative_error <= TOLERANCE:
        raise CheckFailed(
            f"the exported graph differs from the trained scene by "
            f"{parity.energy_relative_error:.1e}, more than {TOLERANCE:.0e}",
            "keep the trained scene and report this; nothing was written",
        )
