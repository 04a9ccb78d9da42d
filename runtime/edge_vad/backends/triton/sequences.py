"""Which frames of a camera a server takes for one sequence, where it keeps the camera's state."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import NamedTuple
from weakref import WeakKeyDictionary

from edge_vad.backends.base import CameraHandle


class Place(NamedTuple):
    """The place of a frame in a sequence.

    Attributes:
        sequence: Number of the sequence.
        is_first: Whether the frame begins it, and nothing of before counts.
    """

    sequence: int
    is_first: bool


class Sequences:
    """Gives every camera a sequence of its own, and a new one after anything that went wrong.

    Whether a frame without an answer was scored nobody knows, and so not what the server has seen
    of the camera. It is never asked about that sequence again.
    """

    def __init__(self) -> None:
        self._numbers: WeakKeyDictionary[CameraHandle, int] = WeakKeyDictionary()

    def place(self, camera: CameraHandle, *, reset: bool) -> Place:
        """The place of a camera's next frame.

        Args:
            camera: Whose frame it is.
            reset: Whether the camera's state is to be forgotten.
        """
        number = self._numbers.get(camera)
        if number is None:
            number = self._numbers[camera] = secrets.randbits(62) + 1
            return Place(number, is_first=True)
        return Place(number, is_first=reset)

    def forget(self, cameras: Iterable[CameraHandle]) -> None:
        """Begin anew with the next frame of these cameras."""
        for camera in cameras:
            self._numbers.pop(camera, None)
