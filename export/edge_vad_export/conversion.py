"""Makes scene models, from a training and from one precision another, and puts them on disk."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import msgspec

from edge_vad.errors import BadInput, BadModel, CheckFailed
from edge_vad.files.atomic import write_whole
from edge_vad.motion.state import MotionInside
from edge_vad.scene_file import append_digest
from edge_vad.scene_model import METADATA_KEY, SceneCard, SceneModel
from edge_vad_export.preflight import is_scene_model
from edge_vad_export.verification.samples import PreparedSample, sample_footage

if TYPE_CHECKING:
    import onnx

    from edge_vad_export.precision.int8 import Calibrated

CALIBRATION_FRAMES = 200
"""Most frames that the ranges of whole numbers are taken from."""

_CONSIDERED = 2000
"""About as many frames of footage are looked at to choose these."""


class ConvertedScene(NamedTuple):
    """A scene model that is not on disk yet.

    Attributes:
        graph: Without the card.
        card: What goes into its metadata.
        samples: Held-back frames of the training; none when it was made from a scene model.
    """

    graph: onnx.ModelProto
    card: SceneCard
    samples: tuple[PreparedSample, ...] = ()

    def with_card(self, **changes: Any) -> ConvertedScene:
        """The same with some fields of its card changed."""
        return self._replace(card=msgspec.structs.replace(self.card, **changes))


def from_training(trained: Path) -> ConvertedScene:
    """Build the graph of a training, in single precision, and hold it to PyTorch.

    Raises:
        BadModel: There is no trained scene.
        CheckFailed: The graph is not the network.
    """
    # Torch is needed here and nowhere else.
    from edge_vad.backends import ModelInput
    from edge_vad_export.graph import build_graph
    from edge_vad_export.verification.parity import demand_parity, measure_parity
    from edge_vad_train.checkpoint import load_trained

    scene = load_trained(trained)
    graph = build_graph(scene)
    parity = measure_parity(scene, graph)
    demand_parity(parity)
    frames, motion = scene.sample_frames.numpy(), scene.sample_motion.numpy()
    samples = tuple(
        PreparedSample(ModelInput(frame[None], moves[None]))
        for frame, moves in zip(frames, motion, strict=True)
    )
    return ConvertedScene(graph, scene.card, samples).with_card(parity=parity)


def with_motion_inside(
    trained: Path, single: ConvertedScene, inside: MotionInside
) -> ConvertedScene:
    """Build the graph of a training that measures motion itself; it takes some minutes.

    Args:
        trained: The folder of the training.
        single: The same in single precision, which takes motion.
        inside: What else is inside.

    Raises:
        WrongUse: Its frames are too small, or its flow is none that can be put into a graph.
    """
    from edge_vad_export.graph import build_motion_graph
    from edge_vad_train.checkpoint import load_trained

    graph = build_motion_graph(load_trained(trained), inside)
    return single._replace(graph=graph).with_card(motion_inside=inside)


def demand_trained(trained: Path) -> None:
    """See to it that there is something to export, without exporting it.

    Raises:
        BadModel: There is no trained scene; scene models are read before.
    """
    if not is_scene_model(trained):
        from edge_vad_train.checkpoint import load_trained

        load_trained(trained)


def from_scene_model(path: Path) -> ConvertedScene:
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
    return ConvertedScene(graph, card).with_card(proof=())


def to_fp16(single: ConvertedScene) -> ConvertedScene:
    """Make a scene model in half precision, and see to it that it is one.

    Raises:
        BadModel: The graph does not tell which nodes are the encoders.
        CheckFailed: A weight is too large, or the graph does not compute in what it should.
    """
    from edge_vad_export.precision import fp16
    from edge_vad_export.precision.encoder_nodes import demand_precision

    graph = fp16.to_fp16(single.graph)
    demand_precision(graph, "fp16")
    return single._replace(graph=graph).with_card(precision="fp16")


def calibrate(single: ConvertedScene, model: SceneModel, calibration: Sequence[str]) -> Calibrated:
    """Find the ranges that INT8 needs on ordinary footage.

    Args:
        single: In single precision.
        model: The same on disk, for what its frames are.
        calibration: The footage.

    Raises:
        BadModel: The graph does not tell which nodes are the encoders.
        BadInput: The footage cannot be used.
    """
    from edge_vad_export.precision import int8
    from edge_vad_export.precision.calibration_frames import choose_varied

    frames = choose_varied(sample_footage(model, calibration, _CONSIDERED), CALIBRATION_FRAMES)
    if not frames:
        raise BadInput("the calibration footage has no two frames in a row", "give longer footage")
    return int8.calibrate(single.graph, frames)


def to_int8(
    single: ConvertedScene, calibrated: Calibrated, layers: tuple[str, ...]
) -> ConvertedScene:
    """Make a scene model some of whose layers compute in INT8, and see to it that they do.

    Args:
        single: In single precision.
        calibrated: The same with its ranges.
        layers: Names of those that compute in INT8, among `calibrated.layers`.

    Raises:
        CheckFailed: The graph does not compute in what it should.
    """
    from edge_vad_export.precision import int8
    from edge_vad_export.precision.encoder_nodes import demand_precision

    graph = int8.to_int8(calibrated, layers)
    demand_precision(graph, "int8", layers)
    others = tuple(each for each in calibrated.layers if each not in layers)
    made = single._replace(graph=graph)
    return made.with_card(precision="int8", int8_layers=layers, fp32_layers=others)


def place(made: ConvertedScene, path: Path) -> SceneModel:
    """Write a scene model with its card, and read it again as its users will.

    Raises:
        BadInput: The place cannot be written.
    """
    del made.graph.metadata_props[:]
    made.graph.metadata_props.add(key=METADATA_KEY, value=made.card.encode())
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, append_digest(made.graph.SerializeToString()))
    except OSError as error:
        raise BadInput(
            f"{path} cannot be written ({error.strerror})", "give an --out that can be written"
        ) from None
    return SceneModel.read(path)


def stage(made: ConvertedScene, folder: Path) -> SceneModel:
    """Write a scene model into a folder for what passes."""
    inside = ".motion" if made.card.motion_inside else ""
    return place(made, folder / f"{made.card.precision}{inside}.onnx")


def reject(made: ConvertedScene, out: Path, why: str) -> NoReturn:
    """Keep a scene model under a name that nobody takes for a good one.

    Raises:
        CheckFailed: Always, with the reason.
    """
    rejected = out.with_name(f"{out.name}.rejected")
    place(made, rejected)
    raise CheckFailed(
        why, f"keep to single precision, or allow more; the file is kept as {rejected}"
    )
