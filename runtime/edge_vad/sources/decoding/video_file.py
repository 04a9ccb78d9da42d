"""What decodes video files: PyAV where it is installed, else OpenCV."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Generator
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from edge_vad.errors import BadInput
from edge_vad.frame import Form

_PLAUSIBLE_FPS = (0.1, 240.0)
"""Between these lie the rates of cameras."""


class Raw(NamedTuple):
    """What a decoder made of the next picture of a file.

    Attributes:
        image: Converts it: uint8, (height, width, 3), blue-green-red; None where it could not be
            decoded, or not whole.
        stamp_s: When it is to be shown; None where the file does not say.
        planes: Converts it to NV12; see `Decoded`.
    """

    image: Callable[[], NDArray[np.uint8]] | None
    stamp_s: float | None
    planes: Callable[[Form], NDArray[np.uint8]] | None = None


class VideoFile(Protocol):
    """A video file that can be decoded again and again.

    Attributes:
        fps: Frames a second; None where nothing in the file tells.
        count: How many pictures it announces, which is an estimate; None where it does not.
        most: No more pictures than these are in it; None where that is not known.
    """

    fps: float | None
    count: int | None
    most: int | None

    @property
    def decoder(self) -> str:
        """What decodes it, once it is."""

    def decode(self) -> Generator[Raw, None, None]:
        """Decode from the beginning."""


def has_pyav() -> bool:
    """Whether PyAV is installed."""
    return importlib.util.find_spec("av") is not None


def no_video(path: Path) -> BadInput:
    """The error of a file that is none."""
    return BadInput(
        f"{path} cannot be read as a video",
        "check that it is a complete video file that you may read and that it plays",
    )


def plausible(fps: float | None) -> float | None:
    """A frame rate as it is declared; None where it is zero, no number or absurd."""
    slowest, fastest = _PLAUSIBLE_FPS
    return fps if fps is not None and slowest <= fps <= fastest else None
