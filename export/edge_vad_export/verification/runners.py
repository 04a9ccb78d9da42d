"""What runs a scene model on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

from edge_vad import engine_file
from edge_vad.backends import Backend, load_backend
from edge_vad.backends.providers import PROVIDERS
from edge_vad.errors import Unavailable, WrongUse
from edge_vad.scene_model import SceneModel
from edge_vad_export.verification.comparison import Runner

_REFERENCE = "onnxruntime"
_OF_A_FILE = ("precision", "int8_layers", "fp32_layers", "parity", "proof", "motion_inside")


def open_reference(model: SceneModel, opened: ExitStack) -> Backend:
    """Load a scene model in single precision into what all others are held to.

    Raises:
        Unavailable: ONNX Runtime is not on this machine.
        BadModel: It refuses the graph.
    """
    return opened.enter_context(closing(load_backend(model, _REFERENCE)))


def open_all(model: SceneModel, opened: ExitStack, reference: SceneModel) -> Iterator[Runner]:
    """Load a scene model into every backend of ONNX files that is on this machine.

    Args:
        model: The scene model.
        opened: Closes them.
        reference: What it is held to; where that is itself, ONNX Runtime's CPU is left out.

    Raises:
        BadModel: One of them refuses the graph.
    """
    known: set[tuple[str, str]] = set()
    for name in PROVIDERS:
        try:
            backend = opened.enter_context(closing(load_backend(model, name)))
        except Unavailable:
            continue
        place = backend.name, backend.device
        is_reference = model.path == reference.path and name == _REFERENCE
        if place not in known and not is_reference:
            yield model.card.precision, backend
        known.add(place)


def open_engine(model: SceneModel, engine: Path, opened: ExitStack) -> Runner:
    """Load an engine that was built from a scene model.

    Raises:
        WrongUse: It was built from another file.
        BadModel: There is no such engine, or it is broken or was built elsewhere.
        Unavailable: TensorRT or a GPU is not on this machine.
    """
    sidecar = engine_file.read_sidecar(engine)
    if sidecar.onnx.sha256 != engine_file.identify(model.path).sha256:
        raise WrongUse(
            f"{engine} was built from another file than {model.path}",
            f"give the scene model {sidecar.onnx.name} that it was built from",
        )
    from edge_vad.backends.cuda import installed_package
    from edge_vad.backends.tensorrt import TensorRtBackend

    backend = TensorRtBackend(model, sidecar.target, cuda=installed_package(), engine=engine)
    return model.card.precision, opened.enter_context(closing(backend))


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
    if reference.card.motion_inside and not model.card.motion_inside:
        raise WrongUse(
            f"{reference.path} measures motion itself, and {model.path} does not",
            "give --reference the scene model that takes motion",
        )
    if reference.card.motion_inside and reference.card.camera != model.card.camera:
        raise WrongUse(
            f"{reference.path} and {model.path} take pictures of different sizes or forms",
            "give --reference the scene model that takes motion",
        )
    for field in model.card.__struct_fields__:
        if field in _OF_A_FILE:
            continue
        if getattr(model.card, field) != getattr(reference.card, field):
            raise WrongUse(
                f"{model.path} and {reference.path} are of different trainings ({field} differs)",
                "give --reference the scene model that this one was made from",
            )
