"""What every backend promises."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Maps(NamedTuple):
    """What the graph says about a batch of frames.

    Attributes:
        anomaly_map: float32, (N, rows, columns), calibrated and fused.
        score: float32, (N,), the frame scores.
    """

    anomaly_map: NDArray[np.float32]
    score: NDArray[np.float32]


class Backend(ABC):
    """Runs a scene model's graph on a device.

    Attributes:
        name: Such as `onnxruntime`.
        device: Such as `cpu`.
    """

    name: str
    device: str

    @abstractmethod
    def infer(self, frames: NDArray[np.uint8], motion: NDArray[np.float32]) -> Maps:
        """Score a batch.

        Args:
            frames: uint8, (N, height, width, 3), blue-green-red.
            motion: float32, (N, height', width', channels), pooled flow in px a frame.
        """

    def close(self) -> None:
        """Give back the device's memory; harmless when called twice."""
