"""What may be signed of a push; and what a folder of scenes may hold."""

from __future__ import annotations

import json
from contextlib import suppress

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_vad.errors import BadInput, BadModel
from edge_vad.push.folder import folder_of, read_folder
from edge_vad.push.manifest import PushedFile, PushManifest, decode_manifest, demand_timely
from edge_vad.sinks.pushes import OlderPush, PushRefused

FILE = PushedFile("gate.onnx", 7, "0" * 64)
GOOD = PushManifest(site="north", serial=7, expires=2000, files=(FILE,))


def encoded(**changes):
    return json.dumps(msgspec.to_builtins(GOOD) | changes).encode()


def test_a_manifest_comes_back_as_it_was():
    assert decode_manifest(msgspec.json.encode(GOOD)) == GOOD


@pytest.mark.parametrize(
    "name",
    [
        *("../gate.onnx", "/gate.onnx", "a/gate.onnx", ".gate.onnx", "gate.zip", "gate.py", ""),
        *("a\0.onnx", "..", "con\nsole.onnx", "g" * 300 + ".onnx", "gate.onnx/", "gate.onnx\n"),
        *("site.toml/x.onnx", "a\\b.onnx", "SITE.TOML", "gate.onnx.data", "\u2025/x.onnx"),
    ],
)
def test_a_file_is_a_scene_or_a_site_file_and_never_a_path(name):
    with pytest.raises(PushRefused):
        decode_manifest(encoded(files=[{"name": name, "size": 1, "sha256": "0" * 64}]))


@pytest.mark.parametrize(
    "changes",
    [
        *({"files": []}, {"format": 2}, {"serial": 0}, {"serial": 2**60}, {"site": "../x"}),
        *({"code": "import os"}, {"expires": -1}, {"serial": "7"}, {"serial": 1e300}),
        {"files": [{"name": "a.onnx", "size": 0, "sha256": "0" * 64}]},
        {"files": [{"name": "a.onnx", "size": 2**40, "sha256": "0" * 64}]},
        {"files": [{"name": "a.onnx", "size": 1, "sha256": "G" * 64}]},
        {"files": [{"name": "a.onnx", "size": 1, "sha256": "0" * 64}] * 2},
        {"files": [{"name": f"{n}.onnx", "size": 1, "sha256": "0" * 64} for n in range(257)]},
    ],
)
def test_a_manifest_says_nothing_else(changes):
    with pytest.raises(PushRefused):
        decode_manifest(encoded(**changes))


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_whatever_is_signed_is_a_push_or_refused(content):
    with suppress(PushRefused):
        decode_manifest(content)


def test_a_push_is_for_this_site_newer_in_time_and_not_too_large():
    demand_timely(GOOD, "north", 6, 7, now_s=1999)
    for site, highest, most, now_s, kind in (
        ("south", 6, 7, 1999, PushRefused),
        ("north", 7, 7, 1999, OlderPush),
        ("north", 8, 7, 1999, OlderPush),
        ("north", 6, 7, 2000, OlderPush),
        ("north", 6, 6, 1999, PushRefused),
    ):
        with pytest.raises(kind):
            demand_timely(GOOD, site, highest, most, now_s=now_s)


def test_a_folder_of_scenes_holds_scenes_and_a_site_file_alone(tmp_path, other_scene):
    folder = tmp_path / "scenes"
    folder.mkdir()
    with pytest.raises(BadInput, match="0 files"):
        read_folder(folder)
    other_scene(folder / "gate.onnx")
    (folder / ".gitignore").write_text("*")
    assert [each.name for each in read_folder(folder)] == ["gate.onnx"]
    (folder / "run.py").write_text("import os")
    with pytest.raises(BadInput, match=r"run\.py is neither"):
        read_folder(folder)
    (folder / "run.py").rename(folder / "a b.onnx")
    with pytest.raises(BadModel):
        read_folder(folder)
    other_scene(folder / "a b.onnx")
    with pytest.raises(BadInput, match="name that cannot be rolled out"):
        read_folder(folder)


def test_a_box_has_a_folder_of_its_own_or_the_one_for_all(tmp_path):
    assert folder_of(tmp_path, "north") == tmp_path
    (tmp_path / "north").mkdir()
    assert folder_of(tmp_path, "north") == tmp_path / "north"
    with pytest.raises(BadInput, match="no folder"):
        folder_of(tmp_path / "missing", "north")
