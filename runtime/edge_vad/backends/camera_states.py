"""The state of cameras between frames, in the host's memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from edge_vad.backends.base import CameraHandle
from edge_vad.errors import WrongUse
from edge_vad.motion.state import StateTensor

Arrays = Mapping[str, NDArray[Any]]


class CameraStates:
    """What a graph with motion inside gave for each camera last, to be given to it next.

    Args:
        tensors: Of a camera's state; none where a graph has none.
    """

    def __init__(self, tensors: Sequence[StateTensor]) -> None:
        self._tensors = tensors
        self._zeros = {each.name: np.zeros((1, *each.shape), each.dtype) for each in tensors}
        self._kept: WeakKeyDictionary[CameraHandle, Arrays] = WeakKeyDictionary()

    def inputs(self, cameras: Sequence[CameraHandle]) -> dict[str, NDArray[Any]]:
        """The state of some cameras in their order, as inputs of the graph.

        Raises:
            WrongUse: A camera comes twice: what is first, its state could not say.
        """
        refuse_twice(cameras)
        states = [self._kept.get(camera, self._zeros) for camera in cameras]
        return {
            each.input: np.concatenate([state[each.name] for state in states])
            if len(states) > 1
            else states[0][each.name]
            for each in self._tensors
        }

    def keep(self, cameras: Sequence[CameraHandle], outputs: Sequence[NDArray[Any]]) -> None:
        """Keep the state that the graph gave, in the order of `outputs`."""
        names = [each.name for each in self._tensors]
        for row, camera in enumerate(cameras):
            own = (values[row : row + 1].copy() for values in outputs)
            self._kept[camera] = dict(zip(names, own, strict=True))


def refuse_twice(cameras: Sequence[CameraHandle]) -> None:
    """See to it that a batch has one frame of a camera.

    Raises:
        WrongUse: It has two.
    """
    if len(set(cameras)) != len(cameras):
        raise WrongUse("two frames of one camera are in one batch", "give them one after the other")
