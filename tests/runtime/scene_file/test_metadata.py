"""The metadata of any ONNX file are read, or it is refused in words."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import helper

from edge_vad import scene_file
from edge_vad.errors import BadModel

PATH = Path("scene.onnx")


def model(properties: dict[str, str]) -> bytes:
    made = helper.make_model(helper.make_graph([], "empty", [], []))
    helper.set_model_props(made, properties)
    content: bytes = made.SerializeToString()
    return content


@given(
    properties=st.dictionaries(st.text(min_size=1, max_size=8), st.text(max_size=300), max_size=4)
)
def test_they_are_what_onnx_wrote(properties: dict[str, str]) -> None:
    assert scene_file.metadata(model(properties), PATH) == properties


@given(content=st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    with suppress(BadModel):
        scene_file.metadata(content, PATH)


def test_an_empty_file_holds_no_graph() -> None:
    with pytest.raises(BadModel, match="no graph"):
        scene_file.metadata(b"", PATH)


def test_metadata_too_large_to_be_true_are_refused() -> None:
    with pytest.raises(BadModel, match="too large"):
        scene_file.metadata(model({"key": "x" * (16 * 2**20 + 1)}), PATH)
