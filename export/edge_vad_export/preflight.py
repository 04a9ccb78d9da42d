"""Checks that refuse what cannot work, before any work is done."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

import msgspec

from edge_vad import engine_file
from edge_vad.errors import BadInput, WrongUse
from edge_vad.frame import CameraPicture
from edge_vad.scene_model import Precision, SceneModel
from edge_vad_export.verification.verification import VerificationFootage

Kind = Precision | Literal["motion"]
"""What is made of a training: its precision; or, in single precision, with motion inside."""

_OPTIONS: dict[Kind, str] = {"fp16": "--fp16", "int8": "--int8", "motion": "--motion-in-graph"}

_FORMS = {"nv12": "nv12-bt601"}
"""Short for the matrix that FFmpeg takes where a stream says nothing."""


def choose_kind(
    fp16: bool,
    int8: bool,
    motion_in_graph: bool,
    calibration: tuple[str, ...],
    long_steps: bool = False,
) -> Kind:
    """What is to be made.

    Raises:
        WrongUse: The options contradict each other.
    """
    given = fp16, int8, motion_in_graph
    wanted = [kind for kind, is_wanted in zip(_OPTIONS, given, strict=True) if is_wanted]
    if len(wanted) > 1:
        options = " and ".join(_OPTIONS[kind] for kind in wanted)
        after = "first with --motion-in-graph, then --fp16 of that file"
        todo = after if motion_in_graph and fp16 else "export twice, to two files"
        raise WrongUse(f"{options} exclude each other", todo)
    if long_steps and not motion_in_graph:
        raise WrongUse("--long-steps says how a graph measures motion", "add --motion-in-graph")
    if int8 and not calibration:
        raise WrongUse(
            "--int8 takes its ranges from ordinary footage, and there is none",
            "add --calibration SOURCE, such as the footage that the scene was trained on",
        )
    if calibration and not int8:
        raise WrongUse("--calibration is for --int8 alone", "add --int8, or use --frames instead")
    return wanted[0] if wanted else "fp32"


def camera_picture(text: str | None, motion_in_graph: bool) -> CameraPicture | None:
    """The camera's own picture that a graph is to take.

    Args:
        text: Such as `nv12:1920x1080`; None where it is to take frames of the scene's size.
        motion_in_graph: Whether motion goes into the graph.

    Raises:
        WrongUse: It is none, or is not for such a graph.

    Example:
        >>> camera_picture("nv12:1920x1080", True).form
        'nv12-bt601'
    """
    if text is None:
        return None
    if not motion_in_graph:
        raise WrongUse("--input is for graphs with motion inside", "add --motion-in-graph")
    form, _, size = text.partition(":")
    found = re.fullmatch(r"([0-9]{1,4})x([0-9]{1,4})", size)
    sides = {"width": int(found[1]), "height": int(found[2])} if found else {}
    try:
        return msgspec.convert({"form": _FORMS.get(form, form), **sides}, CameraPicture)
    except msgspec.ValidationError:
        raise WrongUse(
            f"--input {text[:60]!r} is no form and size of pictures with even sides",
            "give bgr:1920x1080, nv12:1920x1080, or nv12-bt709:1920x1080",
        ) from None


def is_scene_model(trained: Path) -> bool:
    """Whether it is meant as an ONNX file, and not as a training."""
    return trained.suffix == ".onnx" and not trained.is_dir()


def refuse_engine(trained: Path) -> None:
    """See to it that what is to be exported is no engine.

    Raises:
        WrongUse: It is.
    """
    if trained.suffix == engine_file.SUFFIX:
        raise WrongUse(
            f"{trained} is an engine, and nothing can be made of one",
            "give the scene model that it was built from, or the folder of its training",
        )


def refuse_conversion(trained: Path, kind: Kind, footage: VerificationFootage) -> None:
    """See to it that a scene model can be made into one of less precision, and proved.

    A training can be made into anything, and brings frames of its own, of the scene's size.

    Raises:
        WrongUse: There is nothing to convert, or it was converted before, or there are no frames.
        BadModel: The scene model is broken or not there.
    """
    if footage.camera and not footage.given:
        raise WrongUse(
            "there are none of the camera's own pictures to compare on",
            "add --frames SOURCE or --labels DATASET, of the camera and in the size of --input",
        )
    if not is_scene_model(trained):
        return
    if kind == "motion":
        raise WrongUse(
            f"{trained} is a scene model, and motion goes into a graph when it is built",
            "give the folder of its training",
        )
    card = SceneModel.read(trained).card
    if card.precision != "fp32":
        raise WrongUse(
            f"{trained} is {card.precision} already, and what was rounded away does not come back",
            "give the scene model in single precision, or the folder of its training; for an "
            f"engine of this one leave out --{card.precision}",
        )
    if kind == "int8" and card.motion_inside:
        raise WrongUse(
            f"{trained} measures motion itself, and INT8 is for scenes that are given it",
            "add --fp16 instead, or give the scene model that was exported without motion",
        )
    if kind == "fp32":
        raise WrongUse(
            f"{trained} is a scene model already", "add --fp16, --int8, --engine or --triton"
        )
    if not footage.given:
        raise WrongUse(
            "there are no frames to compare the two precisions on",
            "add --frames SOURCE or --labels DATASET, or give the folder of the training",
        )


def refuse_beside_engine(out: Path | None, footage: VerificationFootage) -> None:
    """See to it that nothing was asked for that building an engine alone does not do.

    Raises:
        WrongUse: Something was.
    """
    if out is not None:
        raise WrongUse(
            "--out names an ONNX file, and none is written here",
            "leave it out: an engine lies beside its scene model, under a name of its own",
        )
    if footage.given:
        raise WrongUse(
            "--frames and --labels are for an ONNX file that is written, and none is",
            "build the engine without them, then compare it: edge-vad verify SCENE --engine ENGINE",
        )


def refuse_place(out: Path) -> None:
    """See to it that the ONNX file's name is not a folder's.

    Raises:
        BadInput: It is.
    """
    if out.is_dir():
        raise BadInput(f"{out} is a folder", "give --out the name of a file, such as scene.onnx")
