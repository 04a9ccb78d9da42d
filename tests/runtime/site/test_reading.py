"""A site file is read, or refused with the line that is wrong."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_vad.errors import BadInput, WrongUse
from edge_vad.site.reading import decode_site, read_site, source_of

GOOD = """
backend = "onnxruntime"

[[cameras]]
name = "gate"
source = "rtsp://admin:hunter2@10.0.0.2/live"
scene = "gate.onnx"

[cameras.decision]
false_alarms = "1/day"
ignore = [[[0, 0], [10, 0], [10, 10]]]

[[cameras]]
name = "yard"
source_env = "YARD"
scene = "yard.onnx"
fps = 8

[sinks]
folder = "watched"

[sinks.jsonl]
"""


def test_a_site_is_read() -> None:
    site = decode_site(GOOD)
    assert [camera.name for camera in site.cameras] == ["gate", "yard"]
    assert site.cameras[0].decision.false_alarms == "1/day"
    assert site.sinks.jsonl is not None


@pytest.mark.parametrize(
    ("old", "new", "line", "what"),
    [
        ("fps = 8", "fps = 0", 17, "cameras.1.fps"),
        ("fps = 8", "speed = 8", 17, "unknown field `speed`"),
        ('"1/day"', '"often"', 9, "cameras.0.decision"),
        ('name = "yard"', 'name = "a yard"', 14, "cameras.1.name"),
        ('source_env = "YARD"', "", 13, "source_env"),
        ('folder = "watched"', "folder = 7", 20, "sinks.folder"),
        ("[sinks.jsonl]", "[sinks.jsonl]\ncolour = 1", 23, "colour"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(old: str, new: str, line: int, what: str) -> None:
    with pytest.raises(BadInput) as caught:
        decode_site(GOOD.replace(old, new), "site.toml")
    assert f"site.toml, line {line}: " in caught.value.what
    assert what in caught.value.what
    assert "hunter2" not in str(caught.value)


def test_two_cameras_of_one_name_are_refused() -> None:
    with pytest.raises(BadInput, match="two cameras are called 'gate'"):
        decode_site(GOOD.replace("yard", "gate"))


def test_what_is_no_toml_is_refused_with_line_and_column() -> None:
    with pytest.raises(BadInput, match="line 3, column"):
        decode_site('a = 1\nb = 2\nc = = "hunter2"')


def test_a_missing_file_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        read_site(tmp_path / "none.toml")


def test_a_source_may_stand_in_the_environment_or_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    yard = decode_site(GOOD).cameras[1]
    monkeypatch.delenv("YARD", raising=False)
    with pytest.raises(WrongUse, match="YARD"):
        source_of(yard, tmp_path)
    monkeypatch.setenv("YARD", "rtsp://host/live")
    assert source_of(yard, tmp_path) == "rtsp://host/live"
    (tmp_path / "secret").write_text("rtsp://host/other\n")
    filed = decode_site(GOOD.replace('source_env = "YARD"', 'source_file = "secret"')).cameras[1]
    assert source_of(filed, tmp_path) == "rtsp://host/other"


_words = st.recursive(
    st.one_of(st.integers(), st.floats(), st.booleans(), st.text("abc\"\\'\n", max_size=6)),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=600, deadline=None)
@given(st.one_of(st.text(), st.tuples(st.sampled_from(GOOD.splitlines()), st.text(), _words)))
def test_any_text_is_a_site_or_a_clear_error(said: object) -> None:
    if isinstance(said, tuple):
        line, key, value = said
        text = GOOD.replace(line, f"{line}\n{key} = {value!r}", 1)
    else:
        text = str(said)
    with contextlib.suppress(BadInput):
        decode_site(text)
