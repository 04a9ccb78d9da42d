from __future__ import annotations

import copy
import json
from contextlib import suppress

import msgspec
import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_vad.alarms.threshold import level_for
from edge_vad.errors import BadModel
from edge_vad.scene_model import SCHEMA, Grid, SceneModel, decode_card

reuse_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


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


NORMAL = """{"hours": 2.0, "frames": 72000, "start": 1.0, "alarms_per_hour": 10.0, "scale": 0.4,
"shape": 0.0}"""


def changed(make, **changes):
    return json.dumps(json.loads(make.card().encode()) | changes)


def test_a_newer_schema_asks_for_an_update_whatever_else_it_holds(make, tmp_path):
    text = json.dumps({"schema": SCHEMA + 1, "something": "new"})
    with pytest.raises(BadModel, match="update edge-vad"):
        SceneModel.read(make.scene(tmp_path / "scene.onnx", make.card(), text))


@pytest.mark.parametrize("schema", range(1, SCHEMA))
def test_an_older_schema_asks_for_another_training_whatever_else_it_holds(make, tmp_path, schema):
    text = json.dumps({"schema": schema, "something": "old"})
    with pytest.raises(BadModel, match=r"an older edge-vad.*: train the scene again"):
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
        {"motion": {"pooling": "mean+rank"}},
        {"energies": {"joint": {"locations": [0], "scales": [0], "weight": 1}}},
        {"energies": {"joint": {"locations": [0], "scales": [1], "weight": 2}}},
        {"normal": json.loads(NORMAL.replace("10.0", "5e-324"))},
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


@pytest.mark.parametrize("fps", ["1000000001", "1000000001.0", "1e10"])
def test_a_number_beyond_all_bounds_is_refused_however_it_is_written(make, tmp_path, fps):
    card = json.loads(make.card().encode()) | {"fps": json.loads(fps)}
    with pytest.raises(BadModel, match="beyond all bounds"):
        decode_card(json.dumps(card), tmp_path / "scene.onnx")


_ANY = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from([0, 1, 1e308, 5e-324, 2**63, "fp32", "1"])
    | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=4,
)


def tampered(document, data):
    """The same with a few of its values, at any depth, changed, taken out or added."""
    document = copy.deepcopy(document)
    for _ in range(data.draw(st.integers(1, 3))):
        place = document
        while True:
            key = data.draw(st.sampled_from([*place, "unknown"]))
            if not (isinstance(place.get(key), dict) and place[key] and data.draw(st.booleans())):
                break
            place = place[key]
        if data.draw(st.integers(0, 4)):
            place[key] = data.draw(_ANY)
        else:
            place.pop(key, None)
        if not document:
            break
    return document


def taken_whole_or_refused_in_words(make, tmp_path, data):
    """Metadata that is taken can be worked with; all else is a `BadModel`."""
    text = json.dumps(tampered(json.loads(make.card().encode()), data))
    try:
        card = decode_card(text, tmp_path / "scene.onnx")
    except BadModel:
        return
    assert decode_card(card.encode(), tmp_path / "scene.onnx") == card
    for rate in ("0.000000001/week", "1/day", "999999999/minute"):
        level = level_for(rate, 10.0, card.normal)
        assert level.hold <= level.begin
        assert card.normal.rarity(level.begin)


@reuse_folder
@given(data=st.data())
def test_any_metadata_are_taken_whole_or_refused_in_words(make, tmp_path, data):
    taken_whole_or_refused_in_words(make, tmp_path, data)


@pytest.mark.long
@settings(reuse_folder, max_examples=10_000)
@given(data=st.data())
def test_ten_thousand_metadata_are_taken_whole_or_refused_in_words(make, tmp_path, data):
    taken_whole_or_refused_in_words(make, tmp_path, data)
