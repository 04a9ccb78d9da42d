"""The interface of every backend."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

StageHook = Callable[[str], None]
"""Called with the name of a stage of a frame's way when that stage is done."""


def no_hook(stage: str) -> None:
    """Take no notice of a stage; what is set where nobody measures."""


class ModelInput(NamedTuple):
    """What the graph takes for a batch of frames; the fields are named like its inputs.

    Attributes:
        frame: uint8, (N, height, width, 3), blue-green-red.
        motion: float32, (N, channels, height', width'), pooled flow in px a frame.
    """

    frame: NDArray[np.uint8]
    motion: NDArray[np.float32]


class ModelOutput(NamedTuple):
    """The graph's outputs for a batch of frames.

    Attributes:
        anomaly_map: float32, (N, rows, columns), calibrated and fused.
        score: float32, (N,), the frame scores.
    """

    anomaly_map: NDArray[np.float32]
    score: NDArray[np.float32]

    @property
    def are_finite(self) -> bool:
        """Whether all values are finite: NaN or infinity could count as normal."""
        return bool(np.isfinite(self.score).all() and np.isfinite(self.anomaly_map).all())


class Backend(ABC):
    """Runs a scene model's graph on a device.

    Attributes:
        name: Such as `onnxruntime`.
        device: Such as `cpu`.
        on_stage: Called after each stage of `infer`: `host to device`, `compute`, `device to
            host`. A backend that computes where the frame lies has only the second.
        largest_batch: Frames it takes at once, at most; None is any number.
    """

    name: str
    device: str
    largest_batch: int | None = None
    on_stage: StageHook = staticmethod(no_hook)

    @abstractmethod
    def infer(self, inputs: ModelInput) -> ModelOutput:
        """Score a batch."""

    def close(self) -> None:
        """Give back the device's memory; harmless when called twice."""
