"""One scene model on one device, for all the cameras that share it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edge_vad.backends import Backend, Inputs, Maps
from edge_vad.errors import BadModel
from edge_vad.scene_model import SceneModel

LARGEST_BATCH = 8


class Scorer:
    """Scores what waits, in batches; its buffers are made once.

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
        self._frames = np.zeros((largest_batch, card.height, card.width, 3), np.uint8)
        self._motion = np.zeros((largest_batch, *card.motion_shape), np.float32)

    def score(self, inputs: Sequence[tuple[NDArray[np.uint8], NDArray[np.float32]]]) -> Maps:
        """Score frames of any cameras.

        Args:
            inputs: For each its image, uint8 (height, width, 3), and its pooled motion; no more
                than `largest_batch`.

        Raises:
            BadModel: The graph fails, or gives no number.
            Unavailable: The device failed.
        """
        count = len(inputs)
        if count == 1:
            image, motion = inputs[0]
            maps = self._backend.infer(Inputs(image[None], motion[None]))
        else:
            for place, (image, motion) in enumerate(inputs):
                self._frames[place], self._motion[place] = image, motion
            maps = self._backend.infer(Inputs(self._frames[:count], self._motion[:count]))
        if not maps.are_finite:
            raise BadModel(
                f"{self.model.path} gives no number for a frame",
                "write it again with edge-vad export, or train the scene again",
            )
        return maps

    def close(self) -> None:
        """Give back the device's memory."""
        self._backend.close()
