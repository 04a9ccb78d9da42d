"""A site file is read, or refused with the line that is wrong."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_vad.alarms.settings import DecisionSettings
from edge_vad.errors import BadInput
from edge_vad.sinks.settings import SinkSettings
from edge_vad.site.reading import decode_site, read_site
from edge_vad.site.settings import CameraSettings, SiteSettings, WatchSettings

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


@pytest.mark.parametrize(
    "text",
    [
        "a" + ".a" * 200_000 + " = 1",
        "[" + "a." * 200_000 + "a]",
        "a = {" + '"b" . ' * 100_000 + "c = 1}",
        "a = " + "[" * 400_000,
        "a = " + "{a = " * 100_000,
        "a = " + "9" * 900_000,
        "[sinks" + " " * 900_000 + "]\nfolder = 1",
        "cameras" + " " * 900_000 + "= 1",
        "\n".join(f"[a{n}]" for n in range(100_000)),
        "x" * 900_000 + " = 1",
    ],
    ids=lambda text: text[:12],
)
def test_no_text_takes_long_to_refuse(text: str) -> None:
    began = time.process_time()
    with pytest.raises(BadInput) as refused:
        decode_site(text, "site.toml")
    assert time.process_time() - began < 5.0
    assert len(str(refused.value)) < 1000


@pytest.mark.parametrize("place", ["/dev/zero", "/dev/urandom", "/dev/tty", "/tmp"])  # noqa: S108
def test_what_is_no_plain_file_is_no_site(place: str) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        read_site(Path(place))


_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text("abc\"\\'\n./:@-", max_size=12)
    | st.sampled_from(["1/day", "rtsp://admin:hunter2@host/", "gate", "gate.onnx", "auto", 8]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=3), inner),
    max_leaves=5,
)
_KEYS = st.text(max_size=8) | st.sampled_from(
    [
        *SiteSettings.__struct_fields__,
        *CameraSettings.__struct_fields__,
        *DecisionSettings.__struct_fields__,
        *WatchSettings.__struct_fields__,
        *SinkSettings.__struct_fields__,
    ]
)
_EDITS = st.tuples(st.sampled_from(GOOD.splitlines()), st.none() | _KEYS, _VALUES)
_TEXTS = st.text() | st.lists(_EDITS, min_size=1, max_size=3).map(lambda edits: edited(edits))


def toml(value: object) -> str:
    """A value as TOML writes it; None, which it cannot write, as a word that is no TOML."""
    if isinstance(value, dict):
        return (
            f"{{{', '.join(f'{json.dumps(key)} = {toml(each)}' for key, each in value.items())}}}"
        )
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    if isinstance(value, float):
        return repr(value)
    return json.dumps(value)


def edited(edits: list[tuple[str, str | None, object]]) -> str:
    """The good site with other values of its keys, or with more keys after some of its lines."""
    text = GOOD
    for line, key, value in edits:
        name = line.partition(" = ")[0]
        new = f"{name} = {toml(value)}" if key is None else f"{line}\n{key} = {toml(value)}"
        text = text.replace(line, new, 1)
    return text


def a_site_or_a_clear_error(text: str) -> None:
    said = ""
    try:
        assert decode_site(text, "site.toml").cameras
    except BadInput as error:
        said = str(error)
    assert said.startswith("site.toml") or not said
    assert "hunter2" not in said


@settings(max_examples=600)
@given(_TEXTS)
def test_any_text_is_a_site_or_a_clear_error(text: str) -> None:
    a_site_or_a_clear_error(text)


@pytest.mark.long
@settings(max_examples=10_000)
@given(_TEXTS)
def test_ten_thousand_texts_are_sites_or_clear_errors(text: str) -> None:
    a_site_or_a_clear_error(text)
