"""The configuration of a scene on Triton: what the server is told in config.pbtxt."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from edge_vad.motion.state import StateTensor
from edge_vad.scene_model import SceneCard
from edge_vad_export.triton.pbtxt import Message, Symbol, Value, by_key

WARM_UP = "warmup"
"""Folder of the frames that a server runs before it is ready; its name is Triton's."""

_UINT8, _FLOAT, _BOOL = map(Symbol, ("TYPE_UINT8", "TYPE_FP32", "TYPE_BOOL"))
_OTHER_INPUTS = {"frame": _UINT8, "reset": _BOOL}
"""All others are of single precision."""

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
        "output": [
            _tensor("anomaly_map", (card.grid.rows, card.grid.columns), _FLOAT),
            _tensor("score", (), _FLOAT),
            *([_tensor("motion_known", (), _BOOL)] if card.motion_inside else []),
        ],
        **(_sequences(card, most) if card.motion_inside else _batches()),
        "instance_group": [{"count": 1, "kind": Symbol("KIND_AUTO")}],
        "version_policy": {"all": {}},
        **({} if card.motion_inside else _warm_ups(card, most)),
        **(_threads() if served.platform == ONNX.platform else {}),
    }


def _inputs(card: SceneCard) -> dict[str, Symbol]:
    """What a client sends: name to type."""
    state = {each.input for each in card.state}
    return {each: _OTHER_INPUTS.get(each, _FLOAT) for each in card.inputs if each not in state}


def _tensor(name: str, shape: tuple[int, ...], kind: Symbol) -> Message:
    """An input or output; Triton knows none without a dimension besides that of the batch."""
    described: dict[str, Value] = {"name": name, "data_type": kind, "dims": shape or [1]}
    return described if shape else {**described, "reshape": {}}


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
    return {
        "sequence_batching": {
            "max_sequence_idle_microseconds": _IDLE_US,
            "oldest": {"max_candidate_sequences": max(_MOST_CAMERAS, most)},
            "state": [_state(each) for each in card.state],
        }
    }


def _state(tensor: StateTensor) -> Message:
    kind = _UINT8 if np.dtype(tensor.dtype) == np.uint8 else _FLOAT
    numbers: Message = {"data_type": kind, "dims": tensor.shape}
    return {
        "input_name": tensor.input,
        "output_name": tensor.output,
        **numbers,
        "initial_state": [{"name": "nothing seen yet", **numbers, "zero_data": True}],
    }


def _warm_ups(card: SceneCard, most: int) -> Message:
    """A server that keeps the state of cameras has none while it warms up, and would fail."""
    inputs: dict[str, Value] = {
        name: {"data_type": kind, "dims": card.inputs[name] or [1], "input_data_file": name}
        for name, kind in _inputs(card).items()
    }
    batches: list[Message] = [
        {"name": f"batch of {frames}", "batch_size": frames, "inputs": by_key(inputs)}
        for frames in sorted({1, most})
    ]
    return {"model_warmup": batches}


def _threads() -> Message:
    """One thread an instance on a CPU: where many cameras are served more hinder each other."""
    one: Message = {"string_value": "1"}
    return {"parameters": by_key({"intra_op_thread_count": one, "inter_op_thread_count": one})}
