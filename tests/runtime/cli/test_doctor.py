"""edge-vad doctor and edge-vad selftest, as they are typed, on a machine of whatever kind."""

from __future__ import annotations

import json
import sys

import msgspec
import pytest

from edge_vad.backends import BACKENDS
from edge_vad.doctor.report import DoctorReport
from edge_vad.flow_units import UNITS
from edge_vad.selftest import commands
from edge_vad.selftest.report import SelftestReport


def test_every_backend_is_usable_or_has_a_reason_and_a_mend(edge_vad) -> None:
    code, out, err = edge_vad("doctor", "--json")
    report = msgspec.json.decode(out, type=DoctorReport)
    assert (code, err) == (0, "")
    assert {each.name for each in report.backends} == {*BACKENDS} - {"auto"}
    for each in report.backends:
        assert each.usable or (each.reason and each.mend)
    assert report.fastest == "onnxruntime" or report.device.gpu or sys.platform != "linux"


def test_every_unit_that_decodes_is_there_or_has_a_reason_and_a_mend(edge_vad) -> None:
    _, out, _ = edge_vad("doctor", "--json")
    decoding = msgspec.json.decode(out, type=DoctorReport).decoding
    assert decoding.auto in ("software", "nvdec", "vaapi", "v4l2")
    assert [each.name for each in decoding.units if each.present][:1] == ["software"]
    for each in decoding.units:
        assert each.detail
        assert each.present or each.mend
    _, out, _ = edge_vad("doctor")
    assert f"decode=auto takes: {decoding.auto}" in out


def test_every_flow_unit_is_there_or_has_a_reason_and_a_mend(edge_vad) -> None:
    _, out, _ = edge_vad("doctor", "--json")
    units = msgspec.json.decode(out, type=DoctorReport).flow_units
    assert tuple(each.name for each in units) == UNITS
    for each in units:
        assert each.detail
        assert each.present or each.mend


def test_the_table_ends_with_the_next_command(edge_vad) -> None:
    code, out, err = edge_vad("doctor")
    assert (code, err) == (0, "")
    for name in {*BACKENDS, *UNITS} - {"auto"}:
        assert f" {name} " in out
    assert out.endswith("\nnext: edge-vad selftest\n")
    assert max(map(len, out.splitlines())) <= 80


def test_a_machine_without_opencv_and_onnx_runtime_is_told_so(edge_vad, monkeypatch) -> None:
    for name in ("cv2", "onnxruntime"):
        monkeypatch.setitem(sys.modules, name, None)
    for name in ("edge_vad.opencv", "edge_vad.backends.onnxruntime"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    code, out, err = edge_vad("doctor", "--json")
    report = msgspec.json.decode(out, type=DoctorReport)
    assert (code, err) == (0, "")
    assert report.camera.opencv is None
    (opencv,) = report.camera.features
    assert opencv.mend
    assert not any(each.usable for each in report.backends if "onnxruntime" in each.name)


def test_a_selftest_of_ones_own_scene_compares_and_names_what_is_absent(
    edge_vad, tiny_scene
) -> None:
    scene = tiny_scene()
    before = sorted(scene.parent.iterdir())
    code, out, err = edge_vad("selftest", scene, "--json")
    report = msgspec.json.decode(out, type=SelftestReport)
    assert (code, err, report.passed) == (0, "", True)
    assert (report.comparisons[0].backend, report.frames) == ("onnxruntime", 40)
    tried = {each.backend for each in report.comparisons}
    assert tried | {each.name for each in report.absent} == {*BACKENDS} - {"auto"}
    assert all(each.reason and each.mend for each in report.absent)
    assert sorted(scene.parent.iterdir()) == before


def test_without_pytorch_a_small_scene_stands_in(edge_vad, monkeypatch) -> None:
    monkeypatch.setattr(commands, "_TO_LEARN", ("no_such_package",))
    code, out, err = edge_vad("selftest")
    assert (code, err) == (0, "")
    assert "no_such_package is not installed; a small scene with random weights stands in" in out
    assert "pip install 'edge-vad[train,export]'" in out
    assert "not here:" in out
    assert out.endswith("--backend auto\n")


@pytest.mark.long
def test_with_pytorch_a_small_scene_is_learnt(edge_vad) -> None:
    code, out, err = edge_vad("selftest", "--json")
    assert (code, err) == (0, "")
    assert [step["outcome"] for step in json.loads(out)["steps"][:2]] == ["ok", "ok"]


def test_a_broken_scene_is_told(edge_vad, tmp_path) -> None:
    code, out, err = edge_vad("selftest", tmp_path / "nothing.onnx")
    assert (code, out) == (3, "")
    assert "nothing.onnx cannot be read" in err
