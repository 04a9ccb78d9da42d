"""A scene on a server: whether it is there, and what it scores."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any, NamedTuple

from edge_vad.backends.triton.address import Tls, TritonAddress
from edge_vad.backends.triton.naming import model_name, version_of
from edge_vad.backends.triton.sequences import Place
from edge_vad.backends.triton.tensors import (
    Arrays,
    InMessages,
    InSharedMemory,
    ServedTensor,
    ServedTensors,
    Transport,
)
from edge_vad.errors import BadModel, ServerAway, Unavailable, WrongUse
from edge_vad.scene_model import SceneModel
from edge_vad.untrusted import plain

try:
    import grpc
    import tritonclient.grpc as triton
except ImportError as error:
    raise Unavailable(
        f"Triton's client cannot be loaded ({error})", "run pip install 'edge-vad[triton]'"
    ) from None

_CHANNEL = [
    ("grpc.max_send_message_length", -1),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 5000),  # which is what connecting may take
    ("grpc.max_reconnect_backoff_ms", 1000),
]
_MOST_FRAMES = 8
"""Under way at a time, at most, whatever a server takes."""
_LARGEST_TOLD = 2**20
"""Bytes of what a server says of a scene, or beside its scores."""
_GIVEN = {"frame": "uint8", "motion": "float32", "elapsed": "float32", "reset": "bool"}


class Request(NamedTuple):
    """What is asked of a server.

    Attributes:
        inputs: Of some frames.
        place: In a sequence; None where the server keeps no state.
    """

    inputs: Arrays
    place: Place | None = None


class Server:
    """A scene on a server.

    Args:
        model: The scene model, which the server must have.
        address: Where the server is.

    Attributes:
        most_frames: It takes at once.

    Raises:
        Unavailable: Triton's client is not installed.
        WrongUse: The certificates cannot be read.
    """

    def __init__(self, model: SceneModel, address: TritonAddress) -> None:
        card = model.card
        self._address, self.most_frames = address, 1
        self._name = address.scene or model_name(model.path)
        self._version = str(version_of(model.sha256))
        state = {each.input for each in card.state}
        self._inputs: ServedTensors = {
            name: ServedTensor(_GIVEN[name], shape or (1,))
            for name, shape in card.inputs.items()
            if name not in state
        }
        grid = card.grid.rows, card.grid.columns
        self._outputs: ServedTensors = {
            "anomaly_map": ServedTensor("float32", grid),
            "score": ServedTensor("float32", (1,)),
            **({"motion_known": ServedTensor("bool", (1,))} if card.motion_inside else {}),
        }
        most = _LARGEST_TOLD + _MOST_FRAMES * sum(each.size for each in self._outputs.values())
        self._client = _connected(address, most)
        self._transport: Transport | None = None
        self._is_closed, self._forgetting = False, threading.Lock()

    def check(self, within_s: float) -> None:
        """See to it that the server has this very scene.

        Args:
            within_s: Seconds that it may take.

        Raises:
            ServerAway: It cannot be reached.
            BadModel: It has no such scene, or another version of it, or with other tensors.
            Unavailable: It does not see this machine's memory.
        """
        until = time.monotonic() + within_s
        with self._calling():
            told = self._told(within_s)
            self._demand_tensors("inputs", told.inputs, self._inputs)
            self._demand_tensors("outputs", told.outputs, self._outputs)
            settings = self._client.get_model_config(
                self._name, self._version, client_timeout=_left(until)
            )
            self.most_frames = min(max(settings.config.max_batch_size, 1), _MOST_FRAMES)
            self._transport = self._carrying(_left(until))
        if self._is_closed:  # by another thread, meanwhile
            self._forget()

    def score(self, requests: Sequence[Request], within_s: float) -> list[Arrays]:
        """Score frames: all of them, or none.

        Where something went wrong before, it is first seen to it that the scene is still there.

        Args:
            requests: What is asked; side by side.
            within_s: Seconds that it may take.

        Raises:
            ServerAway: There is no answer.
        """
        until = time.monotonic() + within_s
        try:
            if self._transport is None:
                self.check(within_s)
            with self._calling():
                return self._asked(requests, until)
        except ServerAway:
            self._forget()
            raise
        except (BadModel, Unavailable) as error:  # it was there before
            self._forget()
            raise ServerAway(error.what, error.todo) from None

    def close(self) -> None:
        """Leave the server; harmless when called twice."""
        self._is_closed = True
        self._forget()
        self._client.close()

    def _forget(self) -> None:
        with self._forgetting:  # two threads may, and memory is given back once
            transport, self._transport = self._transport, None
        if transport:
            transport.close()

    def _asked(self, requests: Sequence[Request], until: float) -> list[Arrays]:
        assert self._transport  # noqa: S101 - `check` made it
        under_way, row = [], 0
        for each in requests:
            under_way.append((self._ask(each, row, _left(until)), row, len(each.inputs["frame"])))
            row += len(each.inputs["frame"])
        answers = [(each.result(), row, frames) for each, row, frames in under_way]
        return [self._transport.take(*answer) for answer in answers]

    def _ask(self, request: Request, row: int, within_s: float) -> Future[Any]:
        assert self._transport  # noqa: S101
        answer: Future[Any] = Future()

        def answered(result: Any, error: Exception | None) -> None:
            if error:
                answer.set_exception(error)
            else:
                answer.set_result(result)

        inputs, outputs = self._transport.give(request.inputs, row)
        place = request.place or Place(0, is_first=False)
        self._client.async_infer(
            self._name,
            inputs,
            answered,
            model_version=self._version,
            outputs=outputs,
            sequence_id=place.sequence,
            sequence_start=place.is_first,
            client_timeout=within_s,
        )
        return answer

    def _carrying(self, within_s: float) -> Transport:
        if not self._address.shares_memory:
            return InMessages(triton, self._inputs, self._outputs)
        try:
            return InSharedMemory(
                triton, self._client, self._inputs, self._outputs, self.most_frames, within_s
            )
        except triton.InferenceServerException as error:
            if error.status() in _AWAY:
                raise
            raise Unavailable(
                f"the server at {self._address.target} does not see this machine's memory "
                f"({_reason(error)})",
                "leave memory=shared out; a container needs --ipc=host and the same user",
            ) from None

    def _told(self, within_s: float) -> Any:
        """What the server says of the scene in this version."""
        try:
            return self._client.get_model_metadata(
                self._name, self._version, client_timeout=within_s
            )
        except triton.InferenceServerException as error:
            if error.status() != _NOT_FOUND:
                raise
        try:
            other = self._client.get_model_metadata(self._name, client_timeout=within_s)
        except triton.InferenceServerException as error:
            if error.status() != _NOT_FOUND:
                raise
            raise BadModel(
                f"the server at {self._address.target} has no scene {self._name!r}",
                "let it serve what edge-vad export SCENE --triton REPO writes, or say another name "
                "in the address",
            ) from None
        raise BadModel(
            f"the server at {self._address.target} has another {self._name!r} than this scene "
            f"model, whose version is {self._version} (it has {plain(', '.join(other.versions))})",
            "export this scene model into its repository, or take that scene model here",
        )

    def _demand_tensors(self, which: str, told: Sequence[Any], wanted: ServedTensors) -> None:
        have = {each.name: (each.datatype, tuple(each.shape)) for each in told}
        need = {name: (each.datatype, (-1, *each.shape)) for name, each in wanted.items()}
        if have != need:
            raise BadModel(
                f"the server's {self._name!r} has other {which} than this scene model",
                "write its repository again with edge-vad export SCENE --triton REPO",
            )

    @contextmanager
    def _calling(self) -> Iterator[None]:
        try:
            yield
        except triton.InferenceServerException as error:
            raise ServerAway(
                f"the scoring server at {self._address.target} does not score ({_reason(error)})",
                "see that Triton runs there, and that this is its gRPC port",
            ) from None


_NOT_FOUND = "StatusCode.NOT_FOUND"
_AWAY = ("StatusCode.UNAVAILABLE", "StatusCode.DEADLINE_EXCEEDED", "StatusCode.CANCELLED")


def _connected(address: TritonAddress, most: int) -> Any:
    """A client that takes answers of so many bytes, at most."""
    credentials = _credentials(address, address.tls) if address.tls else None
    channel = [*_CHANNEL, ("grpc.max_receive_message_length", most)]
    return triton.InferenceServerClient(address.target, creds=credentials, channel_args=channel)


def _credentials(address: TritonAddress, tls: Tls) -> Any:
    try:
        ca, cert, key = (file.read_bytes() if file else None for file in tls)
    except OSError as error:
        raise WrongUse(
            f"the certificates for {address.target} cannot be read ({error.strerror})",
            "give the paths of PEM files that this user may read",
        ) from None
    return grpc.ssl_channel_credentials(ca, key, cert)


def _reason(error: Any) -> str:
    return plain(str(error.message() or error).strip().split("\n", 1)[0])


def _left(until: float) -> float:
    return max(until - time.monotonic(), 0.001)
