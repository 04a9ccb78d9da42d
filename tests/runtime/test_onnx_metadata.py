from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import helper

from edge_vad import onnx_metadata

reuse_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def write_model(path, properties):
    model = helper.make_model(helper.make_graph([], "empty", [], []))
    helper.set_model_props(model, properties)
    path.write_bytes(model.SerializeToString())
    return path


@reuse_folder
@given(
    properties=st.dictionaries(st.text(min_size=1, max_size=8), st.text(max_size=300), max_size=4)
)
def test_it_reads_what_onnx_wrote(tmp_path, properties):
    assert onnx_metadata.read(write_model(tmp_path / "model.onnx", properties)) == properties


@reuse_folder
@given(content=st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(tmp_path, content):
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    with suppress(ValueError):
        onnx_metadata.read(path)


def test_an_empty_file_holds_no_graph(tmp_path):
    path = tmp_path / "model.onnx"
    path.touch()
    with pytest.raises(ValueError, match="no graph"):
        onnx_metadata.read(path)


def test_metadata_too_large_to_be_true_is_not_read_into_memory(tmp_path):
    path = write_model(tmp_path / "model.onnx", {"key": "x" * (16 * 2**20 + 1)})
    with pytest.raises(ValueError, match="too large"):
        onnx_metadata.read(path)
