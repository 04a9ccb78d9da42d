"""What a graph with motion inside remembers of a camera, from one frame to the next."""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import DTypeLike

from edge_vad.frame import CameraPicture
from edge_vad.motion.extractor import MotionSettings

CLOCK_NUMBERS = 4
"""What a clock holds before the counts of the window's fields: seen, pause, hung, known."""


class MotionInside(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """That the graph measures motion itself, and how far its flow is from that of training.

    Attributes:
        long_steps: Whether it measures frames that are far apart in time as the runtime does, with
            smaller patches; else with those of all others.
        frames: Frames compared.
        mean_error: Mean difference of a component of flow, px.
        high_error: Its 99.9th percentile, px.
        camera: The camera's own picture, where the graph takes that; None where it takes frames of
            the scene's size.
        picture_error: Largest difference of what it makes of that from what the runtime makes, but
            for a thousandth of the numbers; grey levels.
    """

    long_steps: bool
    frames: int = 0
    mean_error: float = 0.0
    high_error: float = 0.0
    camera: CameraPicture | None = None
    picture_error: float = 0.0


class StateTensor(NamedTuple):
    """One tensor of a camera's state.

    Attributes:
        name: Such as `grey`.
        dtype: Of its numbers.
        shape: For one camera; in the graph the batch comes before.
    """

    name: str
    dtype: DTypeLike
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """Bytes of it for one camera."""
        return int(np.prod(self.shape)) * np.dtype(self.dtype).itemsize

    @property
    def input(self) -> str:
        """Name of the graph's input: the state of before."""
        return f"last_{self.name}"

    @property
    def output(self) -> str:
        """Name of the graph's output: the state after the frame."""
        return f"next_{self.name}"


def state_tensors(height: int, width: int, settings: MotionSettings) -> tuple[StateTensor, ...]:
    """The state of a camera; all zeros before its first frame.

    Args:
        height: Rows of the frames.
        width: Columns of the frames.
        settings: The scene model's motion settings.

    Returns:
        `grey`, the frame before; `window`, its flow fields in 256ths of a px, the oldest first;
        `clock`, what is known of its time.
    """
    rows, columns = height // settings.downscale, width // settings.downscale
    window = settings.window, settings.channels, rows, columns
    return (
        StateTensor("grey", np.uint8, (height, width)),
        StateTensor("window", np.float32, window),
        StateTensor("clock", np.float32, (CLOCK_NUMBERS + settings.window,)),
    )
