"""The picture that every source hands out and every consumer takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

Form = Literal["bgr", "nv12-bt601", "nv12-bt709"]
"""How a picture is held: blue-green-red; or NV12 of limited range, by which matrix."""


class CameraPicture(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A camera's own picture, for graphs that convert it and make it smaller themselves.

    NV12, which decoders give, is a plane of brightness, and below it one of colour, with pairs of
    colour differences at half the resolution.

    Attributes:
        form: How it is held.
        height: Rows of pixels.
        width: Columns of pixels.
    """

    form: Form
    height: Annotated[int, msgspec.Meta(ge=16, le=8192, multiple_of=2)]
    width: Annotated[int, msgspec.Meta(ge=16, le=8192, multiple_of=2)]

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the array.

        Example:
            >>> CameraPicture("nv12-bt601", 1080, 1920).shape
            (1620, 1920)
        """
        if self.form == "bgr":
            return self.height, self.width, 3
        return self.height * 3 // 2, self.width


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture of a source.

    Attributes:
        image: uint8, (height, width, 3), blue-green-red as OpenCV gives it.
        index: Position in the source, counted from the source's own first frame (a range
            `video.mp4:100-200` starts at 100).
        time_s: Seconds on the source's clock: of a recording since its first picture, by its
            presentation stamps where it has them; monotonic capture time of a camera.
        take: Number of the take it belongs to. The first frame of another one does not follow the
            frame before: a camera came back, a recording began again, a file ended.
        planes: The same picture in NV12, uint8, (height * 3 / 2, width), where that was asked for.
    """

    image: NDArray[np.uint8]
    index: int
    time_s: float
    take: int = 0
    planes: NDArray[np.uint8] | None = None
