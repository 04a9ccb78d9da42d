"""Has NVIDIA Triton score the frames of a scene model."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any
from weakref import WeakSet

import numpy as np
from numpy.typing import NDArray

from edge_vad.backends.base import (
    AnyInput,
    Backend,
    CameraHandle,
    CameraInput,
    ModelInput,
    ModelOutput,
    with_motion,
)
from edge_vad.backends.camera_states import refuse_twice
from edge_vad.backends.triton.address import TritonAddress
from edge_vad.backends.triton.patience import Patience
from edge_vad.backends.triton.sequences import Sequences
from edge_vad.backends.triton.server import Request, Server
from edge_vad.backends.triton.tensors import Arrays
from edge_vad.errors import ServerAway, WrongUse
from edge_vad.scene_model import SceneModel

_LOG = logging.getLogger("edge_vad.backends")

_STARTING_S = 60.0
"""That the first frame may take: a server may build engines at it."""


class TritonBackend(Backend):
    """A scene model on a server.

    Only the very scene model is asked for, by its digest, with every frame. A frame without an
    answer in time has no score: `infer` raises, or the fallback scores it.

    Args:
        model: The scene model.
        address: Where the server is.
        fall_back: Loads what scores while the server is away; None: nothing does.

    Raises:
        Unavailable: Triton's client, or what is to score meanwhile, is not on this machine.
        ServerAway: The server cannot be reached, and nothing is to score meanwhile.
        BadModel: The server has no such scene, or another version of it.
    """

    name = "triton"

    def __init__(
        self,
        model: SceneModel,
        address: TritonAddress,
        fall_back: Callable[[], Backend] | None = None,
    ) -> None:
        self.device, self._path = address.target, model.path
        self.motion_inside = model.card.motion_inside is not None
        self._patience, self._sequences = Patience(address.deadline_s, self._look), Sequences()
        self._server: Server | None = Server(model, address)
        self._black = _black_frame(model)
        self._fallback = fall_back() if fall_back else None
        self.may_wait = True
        self._continued: WeakSet[CameraHandle] = WeakSet()
        self._here = self._there = 0
        self._away_since: float | None = None
        try:
            self._server.check(_STARTING_S if not fall_back else address.deadline_s)
            # What takes long at the first frame is done, or told, now.
            self._scored(self._server, self._black(), _STARTING_S)
        except ServerAway as error:
            if not self._fallback:
                self.close()
                raise
            self._tell_away(error)
        except BaseException:
            self.close()
            raise
        self.largest_batch = self._server.most_frames

    @property
    def may_wait(self) -> bool:
        """Whether a frame may wait until the server is back."""
        return self._patience.may_wait

    @may_wait.setter
    def may_wait(self, may: bool) -> None:
        self._patience.may_wait = may and not self._fallback

    def infer(self, inputs: AnyInput) -> ModelOutput:
        """Score a batch; see `Backend.infer`.

        Raises:
            ServerAway: The server did not answer, and nothing scores meanwhile.
            WrongUse: The backend was closed.
        """
        server = self._server
        if server is None:
            raise WrongUse("the backend was closed", "load it again")
        if not self.motion_inside:
            inputs = with_motion(inputs)
        try:
            given = self._patience.ask(lambda seconds: self._scored(server, inputs, seconds))
        except ServerAway as error:
            self._tell_away(error)
            self._forget(inputs)
            if not self._fallback:
                raise
            given = self._score_here(self._fallback, inputs)
        else:
            self._tell_back()
            self._there += len(inputs[0])
        self.on_stage("compute")
        return given

    def close(self) -> None:
        """Leave the server; harmless when called twice."""
        if self._server and self._here:
            _LOG.warning(
                "%s: %d of %d frames were scored here, as the server was away",
                self._path,
                self._here,
                self._here + self._there,
            )
        if self._server:
            self._server.close()
            self._server = None
        if self._fallback:
            self._fallback.close()

    def _look(self, seconds: float) -> None:
        """See whether the server scores again; of no camera's frames."""
        if self._server:
            self._server.score(_requests(self._black(), Sequences()), seconds)

    def _scored(self, server: Server, inputs: AnyInput, seconds: float) -> ModelOutput:
        try:
            given = server.score(_requests(inputs, self._sequences), seconds)
        except ServerAway:
            self._forget(inputs)
            raise
        if isinstance(inputs, CameraInput):
            self._continued.difference_update(inputs.cameras)
        return _joined(given)

    def _score_here(self, fallback: Backend, inputs: AnyInput) -> ModelOutput:
        self._here += len(inputs[0])
        if isinstance(inputs, CameraInput):
            new = np.array([each not in self._continued for each in inputs.cameras])
            self._continued.update(inputs.cameras)
            inputs = inputs._replace(reset=inputs.reset | new)
        return fallback.infer(inputs)

    def _forget(self, inputs: AnyInput) -> None:
        if isinstance(inputs, CameraInput):
            self._sequences.forget(inputs.cameras)

    def _tell_away(self, error: ServerAway) -> None:
        if self._away_since is None:
            self._away_since = time.monotonic()
            _LOG.warning(
                "%s: %s: %s",
                self._path,
                error.what,
                "frames are scored here" if self._fallback else "frames are not judged",
            )

    def _tell_back(self) -> None:
        if self._away_since is not None:
            away_s = time.monotonic() - self._away_since
            self._away_since = None
            _LOG.warning(
                "%s: the server at %s scores again, after %.0f s", self._path, self.device, away_s
            )


def _black_frame(model: SceneModel) -> Callable[[], AnyInput]:
    """Makes a black frame, of a camera of its own."""
    card = model.card
    frame = np.zeros((1, card.height, card.width, 3), np.uint8)
    if card.motion_inside is None:
        still = ModelInput(frame, np.zeros((1, *card.motion_shape), np.float32))
        return lambda: still
    nothing = np.ones(1, np.float32), np.ones(1, np.bool_)
    return lambda: CameraInput(frame, *nothing, (CameraHandle(),))


def _requests(inputs: AnyInput, sequences: Sequences) -> list[Request]:
    """One for the batch; where the server keeps the state of cameras, one for each of them."""
    if isinstance(inputs, ModelInput):
        return [Request(inputs.tensors)]
    refuse_twice(inputs.cameras)
    requests = []
    for row, (camera, reset) in enumerate(zip(inputs.cameras, inputs.reset, strict=True)):
        place = sequences.place(camera, reset=bool(reset))
        own = {name: values[row : row + 1] for name, values in inputs.tensors.items()}
        own["reset"] = np.array([place.is_first])
        requests.append(Request(own, place))
    return requests


def _joined(given: Sequence[Arrays]) -> ModelOutput:
    def all_of(name: str) -> NDArray[Any]:
        return np.concatenate([each[name] for each in given])

    known = all_of("motion_known")[:, 0] if "motion_known" in given[0] else None
    return ModelOutput(all_of("anomaly_map"), all_of("score")[:, 0], known)
