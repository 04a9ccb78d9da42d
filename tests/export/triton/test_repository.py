"""Model repositories: read by Triton's own schema, and held to the graph."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from edge_vad.backends.triton.naming import version_of
from edge_vad.errors import BadInput, WrongUse
from edge_vad.motion.state import MotionInside
from edge_vad.scene_model import SceneModel
from edge_vad_export.triton.command import warm_up_samples, warm_up_tensors
from edge_vad_export.triton.config import ONNX, PLAN, config_of
from edge_vad_export.triton.pbtxt import to_text
from edge_vad_export.triton.repository import add_to_repository
from edge_vad_export.verification.verification import VerificationFootage

Command = Callable[..., tuple[int, str, str]]
BACKEND = "triton://HOST:8001/street"
Config = Any  # a message of Triton's schema, which is made at run time


@pytest.fixture(params=["given", "inside"])
def model(request: pytest.FixtureRequest, tiny_scene: Callable[..., Path]) -> SceneModel:
    """A scene that is given motion, and one that measures it."""
    inside = MotionInside(long_steps=False) if request.param == "inside" else None
    return SceneModel.read(tiny_scene("street.onnx", motion_inside=inside))


@pytest.fixture
def lean(tiny_scene: Callable[..., Path]) -> SceneModel:
    return SceneModel.read(tiny_scene("street.onnx"))


def parsed(text: str) -> Config:
    """A configuration, as Triton itself reads it."""
    model_config_pb2 = pytest.importorskip(
        "tritonclient.grpc.model_config_pb2", reason="needs edge-vad[triton]"
    )
    from google.protobuf import text_format

    return text_format.Parse(text, model_config_pb2.ModelConfig())


def add(repository: Path, model: SceneModel, **changes: Any) -> Any:
    footage = VerificationFootage()
    warm_up = warm_up_tensors(model, warm_up_samples(model, footage))
    given = {"served": ONNX, "content": model.content(), "warm_up": warm_up} | changes
    return add_to_repository(repository, model, **given)


def tensors(graph: onnx.GraphProto) -> dict[str, tuple[int, tuple[int, ...]]]:
    """Inputs and outputs of a graph: name to ONNX's type and the shape for one frame."""
    return {
        each.name: (
            each.type.tensor_type.elem_type,
            tuple(side.dim_value for side in each.type.tensor_type.shape.dim[1:]),
        )
        for each in (*graph.input, *graph.output)
    }


def told(config: Config) -> dict[str, tuple[int, tuple[int, ...]]]:
    """The same of a configuration; of its state, too."""
    types = {"TYPE_UINT8": np.uint8, "TYPE_FP32": np.float32, "TYPE_BOOL": np.bool_}
    names = type(config).DESCRIPTOR.file.enum_types_by_name["DataType"].values_by_number

    def described(kind: int, dims: Any, is_scalar: bool) -> tuple[int, tuple[int, ...]]:
        dtype = np.dtype(types[names[kind].name])
        return onnx.helper.np_dtype_to_tensor_dtype(dtype), () if is_scalar else tuple(dims)

    found = {
        each.name: described(each.data_type, each.dims, each.HasField("reshape"))
        for each in (*config.input, *config.output)
    }
    for each in config.sequence_batching.state:
        found[each.input_name] = described(each.data_type, each.dims, is_scalar=False)
        found[each.output_name] = described(each.data_type, each.dims, is_scalar=False)
    return found


@pytest.mark.parametrize("served", [ONNX, PLAN._replace(most_frames=4)])
def test_tritons_own_schema_reads_it_and_it_says_what_the_graph_takes_and_gives(
    served, model
) -> None:
    config = parsed(to_text(config_of(model.card, "street", served)))
    graph = tensors(onnx.load(model.path).graph)
    found = told(config)
    assert found == {name: graph[name] for name in found}
    assert {each.name for each in onnx.load(model.path).graph.input} <= found.keys()
    assert set(model.card.outputs) <= found.keys()
    assert (config.name, config.platform) == ("street", served.platform)
    assert config.max_batch_size == (served.most_frames or config.max_batch_size)
    assert config.version_policy.HasField("all")
    assert config.instance_group[0].count == 1


def test_frames_of_many_cameras_are_batched_and_the_server_keeps_what_state_there_is(model) -> None:
    config = parsed(to_text(config_of(model.card, "street", ONNX)))
    if not model.card.motion_inside:
        policy = config.dynamic_batching.default_queue_policy
        assert policy.default_timeout_microseconds == 1_000_000
        assert policy.max_queue_size > 0
        return
    assert config.sequence_batching.oldest.max_candidate_sequences >= config.max_batch_size
    states = config.sequence_batching.state
    assert {each.input_name for each in states} == {each.input for each in model.card.state}
    assert all(each.initial_state[0].zero_data for each in states)


def test_a_server_warms_up_with_a_picture_of_the_scene(lean, tmp_path) -> None:
    add(tmp_path / "models", lean)
    config = parsed((tmp_path / "models/street/config.pbtxt").read_text())
    assert [each.batch_size for each in config.model_warmup] == [1, config.max_batch_size]
    for warm_up in config.model_warmup:
        for name, tensor in warm_up.inputs.items():
            file = tmp_path / "models/street/warmup" / tensor.input_data_file
            sizes = {"frame": 1, "motion": 4}
            assert file.stat().st_size == sizes[name] * np.prod(tensor.dims)


def test_warm_up_takes_a_frame_of_the_footage_whose_motion_is_known(lean, clip) -> None:
    samples = warm_up_samples(lean, VerificationFootage((str(clip),)))
    found = warm_up_tensors(lean, samples)
    assert found["frame"].shape == lean.card.inputs["frame"]
    assert found["frame"].std() > 10
    assert found["motion"].shape == lean.card.motion_shape


def test_the_version_is_the_digest_and_the_file_is_the_scene_model(lean, tmp_path) -> None:
    made = add(tmp_path / "models", lean)
    assert made.version == version_of(lean.sha256) > 0
    written = tmp_path / "models/street" / str(made.version) / "model.onnx"
    assert written.read_bytes() == lean.path.read_bytes()
    assert sorted(each.name for each in (tmp_path / "models").iterdir()) == ["street"]


def test_what_is_there_already_stays_as_it_is(lean, tmp_path) -> None:
    assert add(tmp_path / "models", lean).is_new
    before = contents(tmp_path / "models")
    assert not add(tmp_path / "models", lean).is_new
    assert contents(tmp_path / "models") == before


def test_another_training_of_the_scene_is_another_version_beside_it(
    lean, tiny_scene, tmp_path
) -> None:
    first = add(tmp_path / "models", lean)
    (tmp_path / "later").mkdir()
    later = SceneModel.read(tiny_scene("later/street.onnx", score_cells=2))
    second = add(tmp_path / "models", later)
    assert (first.file / "model.onnx").read_bytes() == lean.path.read_bytes() != later.content()
    assert (second.file / "model.onnx").read_bytes() == later.content()


def contents(folder: Path) -> dict[str, bytes]:
    return {str(each): each.read_bytes() for each in sorted(folder.rglob("*")) if each.is_file()}


def other_settings(folder: Path) -> None:
    with (folder / "config.pbtxt").open("a") as file:
        file.write("# tuned by hand\n")


def another_file(folder: Path) -> None:
    (version,) = (each for each in folder.iterdir() if each.name.isdecimal())
    (version / "model.onnx").write_bytes(b"something else")


def nothing_of_triton(folder: Path) -> None:
    (folder / "config.pbtxt").unlink()


@pytest.mark.parametrize("change", [other_settings, another_file, nothing_of_triton])
def test_a_repository_with_other_content_is_refused_and_left_alone(change, lean, tmp_path) -> None:
    add(tmp_path / "models", lean)
    change(tmp_path / "models/street")
    before = contents(tmp_path / "models")
    with pytest.raises(WrongUse):
        add(tmp_path / "models", lean)
    assert contents(tmp_path / "models") == before


def test_a_scene_of_another_size_is_refused_under_the_same_name(lean, tmp_path, make) -> None:
    add(tmp_path / "models", lean)
    (tmp_path / "wide").mkdir()
    wide = SceneModel.read(make.scene(tmp_path / "wide/street.onnx", make.card(48, 96)))
    before = contents(tmp_path / "models")
    with pytest.raises(WrongUse):
        add(tmp_path / "models", wide)
    assert contents(tmp_path / "models") == before


def test_what_cannot_be_written_leaves_nothing(lean, tmp_path, monkeypatch) -> None:
    def full(path: Path, content: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("edge_vad_export.triton.repository.write_whole", full)
    with pytest.raises(BadInput, match="No space left"):
        add(tmp_path / "models", lean)
    assert contents(tmp_path / "models") == {}


def test_the_command_writes_it_and_says_what_comes_next(
    edge_vad: Command, lean: SceneModel, clip: Path, tmp_path: Path
) -> None:
    repository = tmp_path / "models"
    code, out, err = edge_vad("export", lean.path, "--triton", repository, "--frames", clip)
    assert (code, err) == (0, "")
    version = version_of(lean.sha256)
    assert out.splitlines() == [
        f"{repository}/street/{version}: onnxruntime_onnx",
        "",
        f"next: tritonserver --model-repository {repository}",
        f"next: edge-vad run {lean.path} SOURCE --out watched/street --backend triton://HOST:8001/street",
    ]
    code, out, _ = edge_vad("export", lean.path, "--triton", repository, "--json")
    assert code == 0
    assert json.loads(out)["triton"] == {
        "repository": str(repository),
        "model": "street",
        "version": str(version),
        "platform": "onnxruntime_onnx",
        "new": False,
    }


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--engine", "--target", "rtx"], "TensorRT-RTX"),
        (["--engine", "--dry-run"], "--dry-run"),
        (["--out", "other.onnx"], "--out"),
    ],
)
def test_what_a_server_cannot_get_is_refused_before_any_work(
    options: list[str], why: str, edge_vad: Command, lean: SceneModel, tmp_path: Path
) -> None:
    answer = edge_vad("export", lean.path, "--triton", tmp_path / "models", *options)
    assert answer.code == 2
    assert why in answer.err
    assert not (tmp_path / "models").exists()


def test_a_file_and_a_name_that_no_server_takes_are_refused(
    edge_vad: Command, lean: SceneModel, tmp_path: Path
) -> None:
    assert edge_vad("export", lean.path, "--triton", lean.path).code == 2
    named = lean.path.rename(tmp_path / "my street.onnx")
    assert edge_vad("export", named, "--triton", tmp_path / "models").code == 2
    assert not (tmp_path / "models").exists()


def test_text_is_escaped_as_the_schema_reads_it() -> None:
    odd = 'a "quoted" \\ name\nof two lines, é'
    assert parsed(to_text({"name": odd})).name == odd


def test_the_warm_up_of_one_frame_is_copied(lean: SceneModel, clip: Path) -> None:
    found: dict[str, NDArray[Any]] = warm_up_tensors(
        lean, warm_up_samples(lean, VerificationFootage((str(clip),)))
    )
    assert all(each.base is None or each.base.flags.owndata for each in found.values())
