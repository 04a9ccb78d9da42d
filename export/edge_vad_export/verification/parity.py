"""Parity: compares an exported graph with the trained network, on real frames."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime as ort
import torch

from edge_vad.errors import CheckFailed
from edge_vad.scene_model import Parity
from edge_vad_train.checkpoint import TrainedScene

TOLERANCE = 5e-4
"""Largest relative error of an energy map that an export in single precision may have.

Near components as narrow as the noise floor lets them be, squares that are multiplied out lose
digits: thousandths of a nat, where calibrations are of nats.
"""

MAP_TOLERANCE = 1e-2
"""The same for the anomaly map, a difference of energies, which loses digits."""


def measure_parity(scene: TrainedScene, model: onnx.ModelProto) -> Parity:
    """Run the trained network and the graph on the scene's held-back frames.

    Relative errors are the largest difference over the largest magnitude of a map.
    """
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    frames, motion = scene.sample_frames, scene.sample_motion
    with torch.inference_mode():
        expected = [each.numpy() for each in scene.network(frames, motion)]
    names = list(scene.network.outputs)
    given = session.run(names, {"frame": frames.numpy(), "motion": motion.numpy()})
    absolute, relative = {}, {}
    for name, ours, theirs in zip(names, given, expected, strict=True):
        absolute[name] = float(np.abs(ours - theirs).max())
        relative[name] = absolute[name] / float(np.abs(theirs).max())
    energies = [each for name, each in relative.items() if name.endswith("_energy")]
    return Parity(
        frames=len(frames),
        map_relative_error=relative["anomaly_map"],
        energy_relative_error=float(np.max(energies)),  # other than max, NaN where one of them is
        score_absolute_error=absolute["score"],
    )


def demand_parity(parity: Parity) -> None:
    """See to it that the graph is close enough to the network.

    Raises:
        CheckFailed: It is not, or one of them gave something that is no number.
    """
    for what, error, tolerance in (
        ("energies", parity.energy_relative_error, TOLERANCE),
        ("anomaly maps", parity.map_relative_error, MAP_TOLERANCE),
    ):
        if not error <= tolerance:
            raise CheckFailed(
                f"the exported graph's {what} differ from the trained scene's by {error:.1e}, "
                f"more than {tolerance:.0e}",
                "keep the trained scene and report this; nothing was written",
            )
