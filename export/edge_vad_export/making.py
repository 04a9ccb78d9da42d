"""Makes scene models: from a training, and from one precision another."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from edge_vad.errors import BadInput, BadModel
from edge_vad.scene_model import Precision, SceneCard, SceneModel
from edge_vad_export.footage import Seen, watch_places
from edge_vad_export.unfit import is_scene_model

if TYPE_CHECKING:
    import onnx

CALIBRATION_FRAMES = 200
"""Most frames that the ranges of whole numbers are taken from."""

_CONSIDERED = 2000
"""About as many frames of footage are looked at to choose these."""


class Made(NamedTuple):
    """A scene model that is not on disk yet.

    Attributes:
        graph: Without the card.
        card: What goes into its metadata.
        samples: Held-back frames of the training; none when it was made from a scene model.
    """

    graph: onnx.ModelProto
    card: SceneCard
    samples: tuple[Seen, ...] = ()


def from_training(trained: Path) -> Made:
    """Build the graph of a training, in single precision, and hold it to PyTorch.

    Raises:
        BadModel: There is no trained scene.
        CheckFailed: The graph is not the network.
    """
    # Torch is needed here and nowhere else.
    from edge_vad.backends import Inputs
    from edge_vad_export.graph import build_graph
    from edge_vad_export.parity import demand_parity, measure_parity
    from edge_vad_train.checkpoint import load_trained

    scene = load_trained(trained)
    graph = build_graph(scene)
    parity = measure_parity(scene, graph)
    demand_parity(parity)
    frames, motion = scene.sample_frames.numpy(), scene.sample_motion.numpy()
    samples = tuple(
        Seen(Inputs(frames[index : index + 1], motion[index : index + 1]))
        for index in range(len(frames))
    )
    return Made(graph, msgspec.structs.replace(scene.card, parity=parity), samples)


def demand_trained(trained: Path) -> None:
    """See to it that there is something to export, without exporting it.

    Raises:
        BadModel: There is no trained scene, and no scene model.
    """
    if is_scene_model(trained):
        SceneModel.read(trained)
        return
    from edge_vad_train.checkpoint import load_trained

    load_trained(trained)


def from_scene_model(path: Path) -> Made:
    """Read a scene model in single precision.

    Raises:
        BadModel: The file is no scene model.
        Unavailable: The onnx package is not installed.
    """
    import onnx

    card = SceneModel.read(path).card
    try:
        graph = onnx.load(path, load_external_data=False)
        onnx.checker.check_model(graph)
    except Exception as error:  # noqa: BLE001 - protobuf's and onnx's errors share no base class
        reason = str(error).strip().split("\n", 1)[0]
        raise BadModel(
            f"{path} cannot be read as an ONNX file ({reason})",
            "write it again with edge-vad export",
        ) from None
    del graph.metadata_props[:]
    return Made(graph, msgspec.structs.replace(card, proof=()))


def convert(
    made: Made, precision: Precision, model: SceneModel, calibration: Sequence[str]
) -> Made:
    """Make a scene model of less precision, and see to it that it is one.

    Args:
        made: In single precision.
        precision: `fp16` or `int8`.
        model: The same on disk, for what its frames are.
        calibration: Ordinary footage for the ranges of whole numbers.

    Raises:
        BadModel: The graph does not tell which nodes are the encoders.
        CheckFailed: A weight is too large, or the graph does not compute in what it should.
        BadInput: The calibration footage cannot be used.
    """
    from edge_vad_export.precision.half import to_half
    from edge_vad_export.precision.parts import demand_precision
    from edge_vad_export.precision.variety import choose_varied
    from edge_vad_export.precision.whole import to_whole

    if precision == "int8":
        frames = choose_varied(watch_places(model, calibration, _CONSIDERED), CALIBRATION_FRAMES)
        if not frames:
            raise BadInput(
                "the calibration footage has no two frames in a row", "give longer footage"
            )
        graph = to_whole(made.graph, frames)
    else:
        graph = to_half(made.graph)
    demand_precision(graph, precision)
    return Made(graph, msgspec.structs.replace(made.card, precision=precision), made.samples)
