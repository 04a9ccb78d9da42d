from __future__ import annotations

import json
from contextlib import suppress

import msgspec
import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_vad.errors import BadModel
from edge_vad.scene_model import SCHEMA, Grid, SceneModel

reuse_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@pytest.fixture(scope="session")
def whole(make, tmp_path_factory):
    path = make.scene(tmp_path_factory.mktemp("whole") / "scene.onnx", make.card())
    return path.read_bytes()


def test_a_scene_model_is_read_as_it_was_written(make, tmp_path):
    card = make.card(fps=12.5)
    path = make.scene(tmp_path / "scene.onnx", card)
    assert SceneModel.read(path) == SceneModel(path, card)
    onnx.checker.check_model(onnx.load(path), full_check=True)


@pytest.mark.parametrize("tenths", range(10))
def test_a_truncated_scene_model_is_refused(whole, tmp_path, tenths):
    path = tmp_path / "scene.onnx"
    path.write_bytes(whole[: len(whole) * tenths // 10])
    with pytest.raises(BadModel, match=r"scene\.onnx"):
        SceneModel.read(path)


@reuse_folder
@given(data=st.data())
def test_any_truncation_is_refused(whole, tmp_path, data):
    path = tmp_path / "scene.onnx"
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    with pytest.raises(BadModel):
        SceneModel.read(path)


@reuse_folder
@given(content=st.binary(max_size=500))
def test_arbitrary_bytes_are_refused(tmp_path, content):
    path = tmp_path / "scene.onnx"
    path.write_bytes(content)
    with pytest.raises(BadModel):
        SceneModel.read(path)


@reuse_folder
@given(data=st.data())
def test_a_changed_byte_gives_a_model_or_a_refusal(whole, tmp_path, data):
    content = bytearray(whole)
    content[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "scene.onnx"
    path.write_bytes(content)
    with suppress(BadModel):
        SceneModel.read(path)


@reuse_folder
@given(text=st.text(max_size=100))
def test_metadata_of_arbitrary_text_is_refused(make, tmp_path, text):
    with pytest.raises(BadModel):
        SceneModel.read(make.scene(tmp_path / "scene.onnx", make.card(), text))


@pytest.mark.parametrize("missing", ["scene.onnx", "folder"])
def test_a_missing_file_or_a_folder_is_refused(tmp_path, missing):
    (tmp_path / "folder").mkdir()
    with pytest.raises(BadModel, match="cannot be read"):
        SceneModel.read(tmp_path / missing)


def test_a_foreign_onnx_file_is_told_apart_from_a_broken_one(make, tmp_path):
    path = make.scene(tmp_path / "scene.onnx", make.card())
    model = onnx.load(path)
    del model.metadata_props[:]
    path.write_bytes(model.SerializeToString())
    with pytest.raises(BadModel, match="not a scene model"):
        SceneModel.read(path)


def changed(make, **changes):
    return json.dumps(json.loads(make.card().encode()) | changes)


def test_a_newer_schema_asks_for_an_update_whatever_else_it_holds(make, tmp_path):
    text = json.dumps({"schema": SCHEMA + 1, "something": "new"})
    with pytest.raises(BadModel, match="update edge-vad"):
        SceneModel.read(make.scene(tmp_path / "scene.onnx", make.card(), text))


@pytest.mark.parametrize(
    "changes",
    [
        {"schema": 0},
        {"schema": "1"},
        {"height": 0},
        {"fps": 0},
        {"precision": "fp8"},
        {"unknown": 1},
        {"grid": {"rows": 5, "columns": 7, "patch": 16}},
        {"motion": {"window": 0}},
    ],
)
def test_a_broken_value_is_refused(make, tmp_path, changes):
    text = changed(make, **changes)
    with pytest.raises(BadModel, match="broken"):
        SceneModel.read(make.scene(tmp_path / "scene.onnx", make.card(), text))


@pytest.mark.parametrize("grid", [Grid(6, 7, 16, 8), Grid(5, 8, 16, 8), Grid(1, 1, 49, 8)])
def test_cells_that_reach_out_of_the_frame_are_refused(make, tmp_path, grid):
    text = changed(make, grid=msgspec.to_builtins(grid))
    with pytest.raises(BadModel, match="reach over"):
        SceneModel.read(make.scene(tmp_path / "scene.onnx", make.card(), text))


def test_metadata_nested_too_deep_is_refused(make, tmp_path):
    text = '{"deep":' + "[" * 100_000
    with pytest.raises(BadModel, match="broken"):
        SceneModel.read(make.scene(tmp_path / "scene.onnx", make.card(), text))
