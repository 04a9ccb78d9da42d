"""The exported graph: lean, whole, and the same for any number of frames."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np
import onnx
import onnxruntime as ort
import pytest
from google.protobuf.message import Message
from onnx import TensorProto, numpy_helper

from edge_vad.scene_model import METADATA_KEY
from edge_vad_export.conversion import ConvertedScene, place
from edge_vad_train.checkpoint import TrainedScene

OPERATORS = {
    "Abs",
    "Add",
    "Cast",
    "Clip",
    "Concat",
    "Conv",
    "Div",
    "Exp",
    "Gather",
    "Log",
    "MatMul",
    "Max",
    "MaxPool",
    "Min",
    "Mul",
    "Neg",
    "Pad",
    "ReduceMax",
    "ReduceMean",
    "ReduceSum",
    "Relu",
    "Reshape",
    "Slice",
    "Sqrt",
    "Sub",
    "TopK",
    "Unsqueeze",
}
ENERGIES = "appearance_energy", "motion_energy", "joint_energy", "physical_energy"
OUTPUTS = ("anomaly_map", "score", *ENERGIES)


def described(
    values: Iterable[onnx.ValueInfoProto],
) -> dict[str, tuple[int, tuple[str | int, ...]]]:
    """Type and shape of every value, by name."""
    return {
        value.name: (
            value.type.tensor_type.elem_type,
            tuple(d.dim_param or d.dim_value for d in value.type.tensor_type.shape.dim),
        )
        for value in values
    }


def session(model: onnx.ModelProto) -> ort.InferenceSession:
    return ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])


def test_inputs_and_outputs_are_what_the_runtime_expects(
    graph: onnx.ModelProto, scene: TrainedScene
) -> None:
    card = scene.card
    cells = (TensorProto.FLOAT, ("batch", card.grid.rows, card.grid.columns))
    assert described(graph.graph.input) == {
        "frame": (TensorProto.UINT8, ("batch", card.height, card.width, 3)),
        "motion": (TensorProto.FLOAT, ("batch", *scene.sample_motion.shape[1:])),
    }
    assert tuple(value.name for value in graph.graph.output) == OUTPUTS
    assert described(graph.graph.output) == dict.fromkeys(OUTPUTS, cells) | {
        "score": (TensorProto.FLOAT, ("batch",))
    }


@pytest.mark.parametrize("batch", range(1, 6))
def test_frames_of_a_batch_are_scored_as_alone(
    graph: onnx.ModelProto, scene: TrainedScene, batch: int
) -> None:
    runner = session(graph)
    inputs = {"frame": scene.sample_frames.numpy(), "motion": scene.sample_motion.numpy()}
    together = runner.run(OUTPUTS, {name: value[:batch] for name, value in inputs.items()})
    for index in range(batch):
        alone = runner.run(
            OUTPUTS, {name: value[index : index + 1] for name, value in inputs.items()}
        )
        for whole, single in zip(together, alone, strict=True):
            assert len(whole) == batch
            np.testing.assert_allclose(whole[index], single[0], rtol=1e-4, atol=1e-3)


def test_onnx_finds_no_fault(graph: onnx.ModelProto) -> None:
    onnx.checker.check_model(graph, full_check=True)


def test_there_are_few_operators_and_all_are_common(graph: onnx.ModelProto) -> None:
    operators = Counter(node.op_type for node in graph.graph.node)
    assert set(operators) <= OPERATORS
    assert operators.total() <= 220
    assert [(each.domain, each.version) for each in graph.opset_import] == [("", 20)]
    assert not graph.functions


def test_nothing_is_transposed(graph: onnx.ModelProto) -> None:
    assert not [node.name for node in graph.graph.node if node.op_type == "Transpose"]


def test_every_weight_is_an_initialiser_and_every_initialiser_is_used(
    graph: onnx.ModelProto,
) -> None:
    constants = {each.name for each in graph.graph.initializer}
    taken = {name for node in graph.graph.node for name in node.input}
    assert constants <= taken
    for node in graph.graph.node:
        if node.op_type == "Conv":
            assert set(node.input[1:]) <= constants
    made = {name for node in graph.graph.node for name in node.output}
    assert taken <= constants | made | {"frame", "motion"}


def test_no_node_computes_what_is_known_beforehand(graph: onnx.ModelProto) -> None:
    known = {each.name for each in graph.graph.initializer}
    for node in graph.graph.node:
        assert not set(node.input) <= known, node.name


def test_weights_lie_in_the_file_itself(graph: onnx.ModelProto) -> None:
    for each in graph.graph.initializer:
        assert each.data_location == TensorProto.DEFAULT
        assert np.isfinite(numpy_helper.to_array(each)).all()


def texts(message: Message) -> Iterator[str]:
    """Every text in a protobuf message, however deep."""
    for field, value in message.ListFields():
        for each in (
            value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
        ):
            if isinstance(each, Message):
                yield from texts(each)
            elif field.type == field.TYPE_STRING:
                yield each


def test_the_file_says_nothing_of_the_machine_it_was_made_on(
    graph: onnx.ModelProto, scene: TrainedScene, tmp_path: Path
) -> None:
    place(ConvertedScene(graph, scene.card), tmp_path / "scene.onnx")
    found = list(texts(graph))
    assert METADATA_KEY in found
    assert scene.card.empty
    pictures = [msgspec.json.encode(each).decode() for each in scene.card.empty]
    for text in found:
        for picture in pictures:
            text = text.replace(picture, "")  # which is written in letters of all kinds
        for trace in ("/", "\\", ".py", "Traceback", "pkg."):
            assert trace not in text


def test_the_card_is_the_only_metadata(
    graph: onnx.ModelProto, scene: TrainedScene, tmp_path: Path
) -> None:
    for _ in range(2):
        place(ConvertedScene(graph, scene.card), tmp_path / "scene.onnx")
    assert [each.key for each in graph.metadata_props] == [METADATA_KEY]
    assert not graph.graph.metadata_props


def test_the_runtime_reads_the_card_from_the_file(
    graph: onnx.ModelProto, scene: TrainedScene, tmp_path: Path
) -> None:
    path = tmp_path / "new" / "scene.onnx"
    assert place(ConvertedScene(graph, scene.card), path).card == scene.card
    assert [each.name for each in path.parent.iterdir()] == ["scene.onnx"]
