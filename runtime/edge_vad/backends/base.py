"""The interface of every backend."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_vad.errors import WrongUse

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

    @property
    def tensors(self) -> dict[str, NDArray[Any]]:
        """The graph's inputs by name."""
        return {"frame": self.frame, "motion": self.motion}

    def copied(self) -> ModelInput:
        """The same in memory of its own."""
        return ModelInput(self.frame.copy(), self.motion.copy())


class CameraHandle:
    """Stands for a camera whose state a backend keeps between frames, for as long as this is."""

    __slots__ = ("__weakref__",)


class CameraInput(NamedTuple):
    """What a graph with motion inside takes for a batch of frames; see `ModelInput`.

    Attributes:
        frame: uint8, (N, height, width, 3), blue-green-red.
        elapsed: float32, (N,), frame times of the scene since the camera's last frame.
        reset: bool, (N,), whether the camera's state is to be forgotten.
        cameras: Whose frames they are, each another one; in any order.
    """

    frame: NDArray[np.uint8]
    elapsed: NDArray[np.float32]
    reset: NDArray[np.bool_]
    cameras: tuple[CameraHandle, ...]

    @property
    def tensors(self) -> dict[str, NDArray[Any]]:
        """The graph's inputs by name, but for the state."""
        return {"frame": self.frame, "elapsed": self.elapsed, "reset": self.reset}

    def copied(self) -> CameraInput:
        """The same in memory of its own, of the same cameras."""
        return self._replace(frame=self.frame.copy())


AnyInput = ModelInput | CameraInput
"""What a backend takes: the second where the scene's motion is inside of its graph."""


def with_motion(inputs: AnyInput) -> ModelInput:
    """The inputs of a graph that takes motion.

    Raises:
        WrongUse: They are of one that measures it.
    """
    if isinstance(inputs, ModelInput):
        return inputs
    raise WrongUse(
        "this takes a scene model that is given motion, not one that measures it",
        "give the scene model that was exported without --motion-in-graph",
    )


class ModelOutput(NamedTuple):
    """The graph's outputs for a batch of frames.

    Attributes:
        anomaly_map: float32, (N, rows, columns), calibrated and fused.
        score: float32, (N,), the frame scores.
        motion_known: bool, (N,), of a graph with motion inside: whether it is known; without that
            nothing can be said of a frame. None where motion is measured outside.
    """

    anomaly_map: NDArray[np.float32]
    score: NDArray[np.float32]
    motion_known: NDArray[np.bool_] | None = None

    @property
    def are_finite(self) -> bool:
        """Whether all values are finite: NaN or infinity could count as normal."""
        return bool(np.isfinite(self.score).all() and np.isfinite(self.anomaly_map).all())


OUTPUTS = ModelOutput._fields[:2]
"""What every graph gives."""


class Backend(ABC):
    """Runs a scene model's graph on a device.

    Attributes:
        name: Such as `onnxruntime`.
        device: Such as `cpu`.
        on_stage: Called after each stage of `infer`: `host to device`, `compute`, `device to
            host`. A backend that computes where the frame lies has only the second.
        largest_batch: Frames it takes at once, at most; None is any number.
        motion_inside: Whether its graph measures motion, and it takes `CameraInput`.
        may_wait: Whether a frame may wait for what is elsewhere and away: footage does not run off,
            a camera does.
    """

    name: str
    device: str
    motion_inside: bool = False
    may_wait: bool = True
    largest_batch: int | None = None
    on_stage: StageHook = staticmethod(no_hook)

    @abstractmethod
    def infer(self, inputs: AnyInput) -> ModelOutput:
        """Score a batch."""

    def close(self) -> None:
        """Give back the device's memory; harmless when called twice."""
