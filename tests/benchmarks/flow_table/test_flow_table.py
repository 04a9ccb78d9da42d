"""Flow by hardware beside DIS; the hardware is simulated."""

from __future__ import annotations

import ctypes
import json

import msgspec
import numpy as np
import pytest
from simulated_nvof import Driver

from edge_vad.device import fingerprint
from edge_vad.opencv import cv2
from edge_vad_bench.flow_table.records import FlowTable


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch):
    simulated = Driver()
    fingerprint._ask_cuda.cache_clear()
    monkeypatch.setattr(ctypes, "CDLL", simulated.load)
    yield simulated
    fingerprint._ask_cuda.cache_clear()


@pytest.fixture
def labelled(tmp_path, make):
    """UCSD's layout: a test clip in which a square crosses fast, for some of the time."""
    root = tmp_path / "set"
    for part, marked in (("Train", False), ("Test", True)):
        folder = root / part / f"{part}001"
        folder.mkdir(parents=True)
        if marked:
            (root / part / f"{part}001_gt").mkdir()
        for index in range(12):
            image, mask = make.texture(height=48, width=64), np.zeros((48, 64), np.uint8)
            if marked and index >= 6:
                left = 4 * (index - 6)
                image[10:30, left : left + 20] = make.texture(9, height=20, width=20)
                mask[10:30, left : left + 20] = 255
            cv2.imwrite(str(folder / f"{index:03}.tif"), image)
            if marked:
                cv2.imwrite(str(root / part / f"{part}001_gt" / f"{index:03}.bmp"), mask)
    return root


def table_of(edge_vad, scene, clip, out, *words) -> FlowTable:
    answer = edge_vad(
        "bench", scene, "--source", clip, "--out", out, "--flow-table", "--quick", *words
    )
    assert answer.code == 0, answer.err
    return msgspec.json.decode((out / "flow.json").read_bytes(), type=FlowTable)


def test_the_table_holds_dis_and_says_why_others_are_not_here(
    edge_vad, tiny_scene, clip, tmp_path
) -> None:
    dis, nvof, vpi = table_of(edge_vad, tiny_scene(), clip, tmp_path / "out").rows
    assert (dis.name, dis.error_px, dis.absent, dis.box_auc) == ("dis", 0.0, None, None)
    assert dis.pairs > 2
    assert dis.p50_ms
    assert dis.cpu_ms
    assert dis.cpu_left == pytest.approx(1 - dis.cpu_ms * 10 / 1000, abs=1e-3)
    for row, words in ((nvof, "libnvidia-opticalflow"), (vpi, "package vpi")):
        assert row.pairs == 0
        assert row.p50_ms is None
        assert words in (row.absent or "")


def test_a_unit_is_measured_on_the_same_pairs_and_told_apart(
    edge_vad, tiny_scene, clip, tmp_path, driver, labelled
) -> None:
    words = "--labels", labelled, "--format", "ucsd"
    table = table_of(edge_vad, tiny_scene(), clip, tmp_path / "out", *words)
    dis, nvof, _ = table.rows
    assert nvof.code == "NVOF of compute capability 8.9"
    assert nvof.pairs == dis.pairs
    assert 0 < (nvof.error_px or 0) < 1
    assert table.labels == "set"
    for row in (dis, nvof):
        assert 0.8 < (row.box_auc or 0) <= 1


def test_a_unit_that_errs_or_fails_is_told_and_dis_is_measured_all_the_same(
    edge_vad, tiny_scene, clip, tmp_path, driver
) -> None:
    driver.turned = np.negative
    dis, nvof, _ = table_of(edge_vad, tiny_scene(), clip, tmp_path / "out").rows
    assert dis.pairs > 2
    assert "measures -3.0 px" in (nvof.absent or "")

    driver.turned, driver.dies_after = lambda field: field, driver.executed + 6
    dis, nvof, _ = table_of(edge_vad, tiny_scene(), clip, tmp_path / "again").rows
    assert dis.pairs > nvof.pairs > 0
    assert f"after {nvof.pairs} pairs: the optical-flow unit refuses" in (nvof.absent or "")


def test_labels_alone_and_several_scenes_are_refused(
    edge_vad, tiny_scene, clip, tmp_path, labelled
) -> None:
    scene, out = tiny_scene(), tmp_path / "out"
    words = "bench", scene, "--source", clip, "--out", out
    assert edge_vad(*words, "--labels", labelled).code == 2
    assert edge_vad(*words, scene, "--flow-table").code == 2
    assert edge_vad(*words, "--flow-table", "--labels", tmp_path / "none").code in (2, 3)
    assert not (out / "flow.json").exists()


def test_the_next_command_is_printed_and_json_is_whole(
    edge_vad, tiny_scene, clip, tmp_path, driver
) -> None:
    words = "bench", tiny_scene(), "--source", clip, "--out", tmp_path, "--flow-table", "--quick"
    assert "next: edge-vad train FOOTAGE --flow nvof" in edge_vad(*words).out
    shown = json.loads(edge_vad(*words, "--json").out)
    assert [row["name"] for row in shown["rows"]] == ["dis", "nvof", "vpi"]
