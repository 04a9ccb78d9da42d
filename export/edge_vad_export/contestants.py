"""What runs a scene model on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing

from edge_vad.backends import BACKENDS, Backend, load_backend
from edge_vad.errors import Unavailable, WrongUse
from edge_vad.scene_model import SceneModel
from edge_vad_export.proof import Contestant

_REFERENCE = "onnxruntime"
_OF_A_FILE = ("precision", "parity", "proof")


def open_reference(model: SceneModel, opened: ExitStack) -> Backend:
    """Load a scene model in single precision into what all others are held to.

    Raises:
        Unavailable: ONNX Runtime is not on this machine.
        BadModel: It refuses the graph.
    """
    return opened.enter_context(closing(load_backend(model, _REFERENCE)))


def open_all(model: SceneModel, opened: ExitStack) -> Iterator[Contestant]:
    """Load a scene model into every backend that is on this machine.

    Raises:
        BadModel: One of them refuses the graph.
    """
    known: set[tuple[str, str]] = set()
    for name in BACKENDS:
        try:
            backend = opened.enter_context(closing(load_backend(model, name)))
        except Unavailable:
            continue
        place = backend.name, backend.device
        is_reference = model.card.precision == "fp32" and name == _REFERENCE
        if place not in known and not is_reference:
            yield model.card.precision, backend
        known.add(place)


def refuse_another_scene(model: SceneModel, reference: SceneModel) -> None:
    """See to it that two files are of one training, and the reference in single precision.

    Raises:
        WrongUse: They are not.
    """
    if reference.card.precision != "fp32":
        raise WrongUse(
            f"{reference.path} is {reference.card.precision} itself",
            "give --reference the scene model in single precision",
        )
    for field in model.card.__struct_fields__:
        if field in _OF_A_FILE:
            continue
        if getattr(model.card, field) != getattr(reference.card, field):
            raise WrongUse(
                f"{model.path} and {reference.path} are of different trainings ({field} differs)",
                "give --reference the scene model that this one was made from",
            )
