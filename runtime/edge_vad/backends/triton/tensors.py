"""How tensors reach a server and come back: in messages, or in memory that both see."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from types import ModuleType
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import DTypeLike, NDArray

from edge_vad.errors import BadModel, Unavailable

Arrays = Mapping[str, NDArray[Any]]

_TYPES = {"uint8": "UINT8", "float32": "FP32", "bool": "BOOL"}


class ServedTensor(NamedTuple):
    """An input or output of the model on the server.

    Attributes:
        dtype: Of its numbers.
        shape: For one frame; the server knows none without a dimension.
    """

    dtype: DTypeLike
    shape: tuple[int, ...]

    @property
    def datatype(self) -> str:
        """What the server calls its type."""
        return _TYPES[np.dtype(self.dtype).name]

    @property
    def size(self) -> int:
        """Bytes for one frame."""
        return int(np.prod(self.shape)) * np.dtype(self.dtype).itemsize


ServedTensors = Mapping[str, ServedTensor]


class Transport(Protocol):
    """Carries the tensors of requests."""

    def give(self, arrays: Arrays, row: int) -> tuple[list[Any], list[Any]]:
        """What a request needs to carry.

        Args:
            arrays: Its inputs.
            row: Which frame of all that are under way is its first.

        Returns:
            Its inputs and its outputs, as the client takes them.
        """

    def take(self, result: Any, row: int, frames: int) -> Arrays:
        """What its answer carries, for so many frames, in memory of its own.

        Raises:
            BadModel: It is not what the server said that it gives, or no number.
        """

    def close(self) -> None:
        """Give back what it holds."""


class InMessages:
    """ServedTensors travel in the messages, to any machine.

    Args:
        grpc: The module `tritonclient.grpc`.
        inputs: What the model takes.
        outputs: What it gives.
    """

    def __init__(self, grpc: ModuleType, inputs: ServedTensors, outputs: ServedTensors) -> None:
        self._grpc, self._inputs, self._outputs = grpc, inputs, outputs
        self._wanted = [grpc.InferRequestedOutput(name) for name in outputs]

    def give(self, arrays: Arrays, row: int) -> tuple[list[Any], list[Any]]:  # noqa: ARG002
        """See `Transport`."""
        given = []
        for name, tensor in self._inputs.items():
            values = as_sent(arrays[name], tensor)
            given.append(self._grpc.InferInput(name, values.shape, tensor.datatype))
            given[-1].set_data_from_numpy(values)
        return given, self._wanted

    def take(self, result: Any, row: int, frames: int) -> Arrays:  # noqa: ARG002
        """See `Transport`."""
        taken = {}
        for name, tensor in self._outputs.items():
            try:
                values = np.array(result.as_numpy(name))
            except ValueError:  # its bytes are of another shape than it says
                raise _no_answer(name) from None
            taken[name] = as_given(values, name, tensor, frames)
        return taken

    def close(self) -> None:
        """There is nothing to give back."""


class InSharedMemory:
    """ServedTensors lie in memory that this process and a server on the same machine both see.

    After anything that went wrong it is given up, and not used again: the server may still write
    the answer to an earlier frame into it.

    Args:
        grpc: The module `tritonclient.grpc`.
        client: Of the server.
        inputs: What the model takes.
        outputs: What it gives.
        frames: That may be under way at a time.
        within_s: Seconds that the server has to find the memory.

    Raises:
        Unavailable: There is none.
    """

    def __init__(
        self,
        grpc: ModuleType,
        client: Any,
        inputs: ServedTensors,
        outputs: ServedTensors,
        frames: int,
        within_s: float,
    ) -> None:
        from tritonclient.utils import shared_memory

        self._grpc, self._client, self._memory = grpc, client, shared_memory
        self._inputs, self._outputs = inputs, outputs
        self._frame = sum(each.size for each in (*inputs.values(), *outputs.values()))
        self._name = f"edge-vad-{os.getpid()}-{secrets.token_hex(8)}"
        size, key = frames * self._frame, f"/{self._name}"
        try:
            self._region = shared_memory.create_shared_memory_region(self._name, key, size)
        except shared_memory.SharedMemoryException as error:
            raise Unavailable(
                f"there is no shared memory of {size / 1e6:.0f} MB ({error.__cause__ or error})",
                "see that /dev/shm has room, or leave memory=shared out",
            ) from None
        try:
            client.register_system_shared_memory(self._name, key, size, client_timeout=within_s)
        except BaseException:
            self.close()
            raise

    def give(self, arrays: Arrays, row: int) -> tuple[list[Any], list[Any]]:
        """See `Transport`."""
        frames, offset = len(arrays["frame"]), row * self._frame
        given, wanted = [], []
        for name, tensor in self._inputs.items():
            values = as_sent(arrays[name], tensor)
            self._memory.set_shared_memory_region(self._region, [values], offset)
            given.append(self._grpc.InferInput(name, values.shape, tensor.datatype))
            given[-1].set_shared_memory(self._name, values.nbytes, offset)
            offset += values.nbytes
        for name, tensor in self._outputs.items():
            wanted.append(self._grpc.InferRequestedOutput(name))
            wanted[-1].set_shared_memory(self._name, frames * tensor.size, offset)
            offset += frames * tensor.size
        return given, wanted

    def take(self, result: Any, row: int, frames: int) -> Arrays:  # noqa: ARG002
        """See `Transport`."""
        offset = row * self._frame + frames * sum(each.size for each in self._inputs.values())
        taken = {}
        for name, tensor in self._outputs.items():
            shape = (frames, *tensor.shape)
            lies = self._memory.get_contents_as_numpy(self._region, tensor.dtype, shape, offset)
            taken[name] = as_given(np.array(lies), name, tensor, frames)
            offset += frames * tensor.size
        return taken

    def close(self) -> None:
        """Give the memory back, also where the server is away."""
        with suppress(self._grpc.InferenceServerException, ValueError):  # one that was left before
            self._client.unregister_system_shared_memory(self._name, client_timeout=_LEAVING_S)
        with suppress(BufferError, self._memory.SharedMemoryException):
            self._memory.destroy_shared_memory_region(self._region)


_LEAVING_S = 0.5


def as_sent(values: NDArray[Any], tensor: ServedTensor) -> NDArray[Any]:
    """Values as the server takes them, with a dimension besides that of the batch."""
    return np.ascontiguousarray(values, tensor.dtype).reshape(len(values), *tensor.shape)


def as_given(values: NDArray[Any], name: str, tensor: ServedTensor, frames: int) -> NDArray[Any]:
    """Values as the server said that it gives them.

    Raises:
        BadModel: They are others, or no numbers.
    """
    is_whole = values.shape == (frames, *tensor.shape) and values.dtype == np.dtype(tensor.dtype)
    if not is_whole or not np.isfinite(values).all():
        raise _no_answer(name)
    return values


def _no_answer(name: str) -> BadModel:
    return BadModel(
        f"what it gives as {name} is no such thing",
        "see what serves there: its answers are not those of this scene",
    )
