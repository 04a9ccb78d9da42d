"""One scene model on one device, for all the cameras that share it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_vad.backends import AnyInput, Backend, ModelInput
from edge_vad.detection import NO_MOTION
from edge_vad.errors import BadModel
from edge_vad.scene_model import SceneModel
from edge_vad.scoring.preparation import Elapsed, PreparedFrame, camera_input

LARGEST_BATCH = 8


class FrameScore(NamedTuple):
    """The graph's outputs for a frame.

    Attributes:
        score: Anomaly score of the frame.
        anomaly_map: float32, (rows, columns).
        unjudged: Why it says nothing; empty where it does.
    """

    score: float
    anomaly_map: NDArray[np.float32]
    unjudged: str = ""


class Scorer:
    """Scores what is prepared, in batches; its buffers are made once.

    Args:
        model: The scene model.
        backend: What runs its graph.
        largest_batch: Frames scored at once, at most; an engine may take fewer.
    """

    def __init__(
        self, model: SceneModel, backend: Backend, largest_batch: int = LARGEST_BATCH
    ) -> None:
        largest_batch = min(largest_batch, backend.largest_batch or largest_batch)
        self.model, self.largest_batch = model, largest_batch
        self._backend = backend
        card = model.card
        self._frames = np.zeros((largest_batch, *card.inputs["frame"]), np.uint8)
        self._motion = np.zeros((largest_batch, *card.motion_shape), np.float32)

    def score(self, prepared: Sequence[PreparedFrame]) -> list[FrameScore]:
        """Score frames of any cameras.

        Args:
            prepared: The frames; no more than `largest_batch`, and with motion in the graph no two
                of one camera.

        Raises:
            BadModel: The graph fails, or gives no number.
            Unavailable: The device failed.
        """
        maps = self._backend.infer(self._batch(prepared))
        if not maps.are_finite:
            numbers = " or ".join(str(each.frame.index) for each in prepared)
            raise BadModel(
                f"{self.model.path} gives no number for frame {numbers}",
                "write it again with edge-vad export, or train the scene again",
            )
        known = maps.motion_known if maps.motion_known is not None else [True] * len(prepared)
        return [
            FrameScore(float(score), anomaly_map, each.unjudged or ("" if knows else NO_MOTION))
            for each, score, anomaly_map, knows in zip(
                prepared, maps.score, maps.anomaly_map, known, strict=True
            )
        ]

    def _batch(self, prepared: Sequence[PreparedFrame]) -> AnyInput:
        if len(prepared) == 1:
            return prepared[0].inputs
        images = np.stack([each.picture for each in prepared], out=self._frames[: len(prepared)])
        elapsed = [each.motion for each in prepared if isinstance(each.motion, Elapsed)]
        if elapsed:
            return camera_input(images, elapsed)
        motion = self._motion[: len(prepared)]
        for place, each in zip(motion, prepared, strict=True):
            place[:] = each.motion
        return ModelInput(images, motion)

    def close(self) -> None:
        """Give back the device's memory."""
        self._backend.close()
