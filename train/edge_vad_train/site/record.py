"""What was made for a camera, beside its trained scene."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TypeVar

import msgspec

from edge_vad.errors import BadInput, WrongUse
from edge_vad.files.atomic import PRIVATE, write_whole
from edge_vad.files.bounded import read_bounded
from edge_vad.scene_model import Comparison
from edge_vad.untrusted import shorten
from edge_vad_train.checkpoint import FILE_NAME

INPUTS, MADE, MODEL = "inputs.json", "made.json", "scene.onnx"
"""In the folder of a trained scene: by what it is trained, what was made of it, its scene model."""
UNKNOWN = ""
"""Key of a scene that was trained by itself, without saying by what."""
_MOST_BYTES = 2**24

Record = TypeVar("Record", bound=msgspec.Struct)


class SceneInputs(msgspec.Struct, frozen=True):
    """What a scene in the same folder is trained by.

    Attributes:
        key: See `edge_vad_train.site.plan.TrainPlan.key`.
        trained: Digest of the scene that came of it; empty until it is trained. Where another one
            lies there, that was trained by itself.
    """

    key: str
    trained: str = ""


class SceneRecord(msgspec.Struct, frozen=True):
    """A scene that is trained, exported and verified.

    Attributes:
        camera: The camera's name.
        key: What it was trained by; empty where that is not known.
        trained: Digest of the trained scene.
        sha256: Digest of its scene model.
        proof: How far it is from single precision, on every backend of the machine that made it.
        engine: Name of the engine that was built beside it; None where none was.
        remarks: What the training said of the footage.
    """

    camera: str
    key: str
    trained: str
    sha256: str
    proof: tuple[Comparison, ...]
    engine: str | None = None
    remarks: tuple[str, ...] = ()

    def is_placed(self, onnx: Path) -> bool:
        """Whether the scene model is where it is wanted."""
        return digest_of(onnx) == self.sha256

    def has_engine(self, onnx: Path) -> bool:
        """Whether the engine that was built lies beside the scene model."""
        return self.engine is not None and onnx.with_name(self.engine).is_file()


def write_record(path: Path, record: msgspec.Struct | list[SceneRecord]) -> None:
    """Write one of the above, or several.

    Raises:
        OSError: It cannot be written.
    """
    write_whole(path, msgspec.json.format(msgspec.json.encode(record)), PRIVATE)


def key_of_scene(out: Path) -> str | None:
    """By what the scene in a folder is, or was to be, trained.

    Returns:
        Its key; `UNKNOWN` of one that was trained by itself; None where there is none.

    Raises:
        BadInput: What says so is broken.
    """
    inputs, there = _read(out / INPUTS, SceneInputs), digest_of(out / FILE_NAME)
    if inputs and (there is None or inputs.trained in ("", there)):
        return inputs.key
    return UNKNOWN if there else None


def wanted_key(out: Path, key: str, *, overwrite: bool) -> str:
    """The key of what is to be in a folder.

    Args:
        out: The folder.
        key: By what its scene is to be trained.
        overwrite: Whether another scene may be replaced.

    Returns:
        `key`; or `UNKNOWN` where a scene that was trained by itself stays.

    Raises:
        WrongUse: There is a scene that was trained by something else.
        BadInput: What says so is broken.
    """
    there = key_of_scene(out)
    if overwrite or there in (None, key):
        return key
    if there == UNKNOWN:
        return UNKNOWN
    raise WrongUse(
        f"{out} holds a scene of other footage or options", "give another --out, or --overwrite"
    )


def made_record(out: Path, key: str) -> SceneRecord | None:
    """What was made of the scene of this key; None while it is not made.

    Raises:
        BadInput: The record is broken.
    """
    record = _read(out / MADE, SceneRecord)
    if record is None or record.key != key or digest_of(out / MODEL) != record.sha256:
        return None
    return record if digest_of(out / FILE_NAME) in (None, record.trained) else None


def digest_of(path: Path) -> str | None:
    """SHA-256 of a file; None where there is none."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None


def _read(path: Path, kind: type[Record]) -> Record | None:
    if not path.exists():
        return None
    try:
        return msgspec.json.decode(read_bounded(path, _MOST_BYTES), type=kind)
    except (OSError, ValueError) as error:
        raise BadInput(f"{path} is broken ({shorten(str(error))})", "remove it") from None
