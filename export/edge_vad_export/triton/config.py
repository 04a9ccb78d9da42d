"""The configuration of a scene on Triton: what the server is told in config.pbtxt."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from edge_vad.scene_model import SceneCard
from edge_vad_export.triton.pbtxt import Message, Symbol, Value, by_key

WARM_UP = "warmup"
"""Folder of the frames that a server runs before it is ready; its name is Triton's."""

_TYPES = {"uint8": "TYPE_UINT8", "float32": "TYPE_FP32", "bool": "TYPE_BOOL"}
_GIVEN: dict[str, DTypeLike] = {"frame": "uint8", "elapsed": "float32", "reset": "bool"}

_MOST_FRAMES, _MOST_WITH_MOTION = 32, 8
"""In a batch: motion inside the graph takes much memory."""
_LONGEST_WAIT_US = 1_000_000
"""A frame that waited for longer is refused: nobody waits for its score any more."""
_MOST_WAITING = 1024
_MOST_CAMERAS = 256
_IDLE_US = 60_000_000
"""After which the state of a camera that sends nothing is given up."""


class Served(NamedTuple):
    """In what form a server gets a scene.

    Attributes:
        platform: What runs it on the server.
        file: Name of the model's file.
        most_frames: In a batch; None is as many as a graph takes that is not built for a number.
    """

    platform: str
    file: str
    most_frames: int | None = None


ONNX = Served("onnxruntime_onnx", "model.onnx")
PLAN = Served("tensorrt_plan", "model.plan")


def config_of(card: SceneCard, name: str, served: Served) -> Message:
    """The configuration of a scene.

    Args:
        card: Of the scene model.
        name: Of the model on the server.
        served: In what form.
    """
    most = served.most_frames or (_MOST_WITH_MOTION if card.motion_inside else _MOST_FRAMES)
    return {
        "name": name,
        "platform": served.platform,
        "max_batch_size": most,
        "input": [_tensor(each, card.inputs[each], kind) for each, kind in _inputs(card).items()],
        "output": [_tensor(each, shape, kind) for each, (shape, kind) in _outputs(card).items()],
        **(_sequences(card, most) if card.motion_inside else _batches()),
        "instance_group": [{"count": 1, "kind": Symbol("KIND_AUTO")}],
        "version_policy": {"all": {}},
        **({} if card.motion_inside else _warm_ups(card, most)),
        **(_threads() if served.platform == ONNX.platform else {}),
    }


def _inputs(card: SceneCard) -> dict[str, DTypeLike]:
    """What a client sends: name to type."""
    state = {each.input for each in card.state}
    return {each: _GIVEN.get(each, "float32") for each in card.inputs if each not in state}


def _outputs(card: SceneCard) -> dict[str, tuple[tuple[int, ...], DTypeLike]]:
    """What it gets: name to shape and type."""
    known: dict[str, tuple[tuple[int, ...], DTypeLike]] = {"motion_known": ((), "bool")}
    return {
        "anomaly_map": ((card.grid.rows, card.grid.columns), "float32"),
        "score": ((), "float32"),
        **(known if card.motion_inside else {}),
    }


def _tensor(name: str, shape: tuple[int, ...], kind: DTypeLike) -> Message:
    """An input or output; Triton knows none without a dimension besides that of the batch."""
    described: dict[str, Value] = {"name": name, "data_type": _type(kind), "dims": shape or [1]}
    return described if shape else {**described, "reshape": {}}


def _type(kind: DTypeLike) -> Symbol:
    return Symbol(_TYPES[np.dtype(kind).name])


def _batches() -> Message:
    """Frames of any cameras are scored together, as many as wait."""
    refuse_late: Message = {
        "timeout_action": Symbol("REJECT"),
        "default_timeout_microseconds": _LONGEST_WAIT_US,
        "max_queue_size": _MOST_WAITING,
    }
    return {"dynamic_batching": {"default_queue_policy": refuse_late}}


def _sequences(card: SceneCard, most: int) -> Message:
    """The same where the server keeps the state of every camera between its frames."""
    state: list[Message] = [
        {
            "input_name": each.input,
            "output_name": each.output,
            "data_type": _type(each.dtype),
            "dims": each.shape,
            "initial_state": [
                {
                    "name": "nothing seen yet",
                    "data_type": _type(each.dtype),
                    "dims": each.shape,
                    "zero_data": True,
                }
            ],
        }
        for each in card.state
    ]
    return {
        "sequence_batching": {
            "max_sequence_idle_microseconds": _IDLE_US,
            "oldest": {"max_candidate_sequences": max(_MOST_CAMERAS, most)},
            "state": state,
        }
    }


def _warm_ups(card: SceneCard, most: int) -> Message:
    """A server that keeps the state of cameras has none while it warms up, and would fail."""
    return {"model_warmup": [_warm_up(card, frames) for frames in sorted({1, most})]}


def _warm_up(card: SceneCard, frames: int) -> Message:
    inputs: dict[str, Value] = {
        name: {
            "data_type": _type(kind),
            "dims": card.inputs[name] or [1],
            "input_data_file": name,
        }
        for name, kind in _inputs(card).items()
    }
    return {"name": f"batch of {frames}", "batch_size": frames, "inputs": by_key(inputs)}


def _threads() -> Message:
    """One thread an instance on a CPU: where many cameras are served more hinder each other."""
    one: Message = {"string_value": "1"}
    return {"parameters": by_key({"intra_op_thread_count": one, "inter_op_thread_count": one})}
