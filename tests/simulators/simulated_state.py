"""Follows the state of cameras through a simulated device, and refuses where it goes astray.

An engine with motion inside reads `last_X` and writes `next_X`, a row for each camera of the batch.
What it writes is the state of that camera after so many of its frames. From there on every copy is
followed, and the next run on a frame of the camera must find just that, in the place of `last_X`.
Frames say whose they are by `mark`; unmarked ones are nobody's, as those of a run that warms up.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from simulated_cuda import INVALID_VALUE, Refused

Arrays = dict[str, NDArray[Any]]


class Held(NamedTuple):
    """What lies somewhere: a tensor of a camera's state after so many frames."""

    tensor: str
    camera: int
    turn: int


class Place(NamedTuple):
    """A range of the device's memory, and what lies there."""

    address: int
    size: int
    held: Held

    def touches(self, address: int, size: int) -> bool:
        return self.address < address + size and address < self.address + self.size


def mark(frames: NDArray[np.uint8], cameras: list[int]) -> NDArray[np.uint8]:
    """Note in the first pixel of frames whose they are; gives the frames."""
    frames[:, 0, 0, 0] = np.array(cameras) + 1
    return frames


class StateWatch:
    """Looks at every copy and run of a device; set as its `watch`.

    Attributes:
        said: Why it refused.
        rows: How many rows of state were read by runs, and found right.
    """

    def __init__(self) -> None:
        self.said: list[str] = []
        self.rows = 0
        self._places: list[Place] = []
        self._turns: Counter[int] = Counter()

    def copied(self, to: int, source: int, size: int, way: str) -> None:
        """Follow a copy; what the host was given or gives is no longer known."""
        if way == "down":
            for place in self._places:
                if place.touches(source, size):
                    self._refuse(f"the {place.held.tensor} of a camera was copied to the host")
            return
        moved = [
            each._replace(address=to + each.address - source)
            for each in self._places
            if way == "within" and source <= each.address
            if each.address + each.size <= source + size
        ]
        self._forget(to, size)
        self._places += moved

    def before(self, addresses: dict[str, int], given: Arrays) -> None:
        """See to it that a run finds the state of the cameras whose frames it is given."""
        for name, values in given.items():
            if name.startswith("last_"):
                for row, camera in enumerate(_cameras(given)):
                    own = values[row]
                    self._demand(name[5:], camera, addresses[name] + row * own.nbytes, own)

    def after(self, addresses: dict[str, int], given: Arrays, found: Arrays) -> None:
        """Note what a run wrote."""
        cameras = _cameras(given)
        self._turns.update(camera for camera in cameras if camera >= 0)
        for name, values in found.items():
            if name.startswith("next_"):
                self._forget(addresses[name], values.nbytes)
                for row, camera in enumerate(cameras):
                    held = Held(name[5:], camera, self._turns[camera])
                    address, size = addresses[name] + row * values[row].nbytes, values[row].nbytes
                    self._places.append(Place(address, size, held))

    def _demand(self, tensor: str, camera: int, address: int, values: NDArray[Any]) -> None:
        if camera < 0:
            return
        held = {each.held for each in self._places if each[:2] == (address, values.nbytes)}
        wanted = Held(tensor, camera, self._turns[camera])
        if held == {wanted} or (not wanted.turn and not held and not values.any()):
            self.rows += 1
            return
        found = " and ".join(_described(each) for each in held) or "of unknown origin"
        self._refuse(f"last_{tensor} of {_described(wanted)} is {found}")

    def _forget(self, address: int, size: int) -> None:
        self._places = [each for each in self._places if not each.touches(address, size)]

    def _refuse(self, why: str) -> None:
        self.said.append(why)
        raise Refused(INVALID_VALUE)


def _cameras(given: Arrays) -> list[int]:
    return [int(frame[0, 0, 0]) - 1 for frame in given["frame"]]


def _described(held: Held) -> str:
    return f"{held.tensor} of camera {held.camera} after {held.turn} frames"
