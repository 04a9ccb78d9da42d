from __future__ import annotations

import os
import stat

import pytest

from edge_vad.backends import engine_cache as cache
from edge_vad.device.fingerprint import DeviceFingerprint


@pytest.fixture
def graph(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = tmp_path / "scene.onnx"
    path.write_bytes(b"graph")
    return path


def on(monkeypatch, **device):
    monkeypatch.setattr(cache, "read_fingerprint", lambda: DeviceFingerprint(**device))


def test_engines_of_another_graph_driver_or_tensorrt_are_never_used(graph, monkeypatch):
    folders = set()
    for driver, tensorrt, content in (
        ("550.1", "10.3.0", b"graph"),
        ("560.1", "10.3.0", b"graph"),
        ("550.1", "10.13.0", b"graph"),
        ("550.1", "10.3.0", b"other"),
    ):
        on(monkeypatch, driver=driver, tensorrt=tensorrt)
        graph.write_bytes(content)
        folders.add(cache.engine_cache(graph))
    assert len(folders) == 4


def test_engines_that_are_kept_are_found_again(graph, monkeypatch, caplog):
    on(monkeypatch, driver="550.1")
    folder = cache.engine_cache(graph)
    assert "builds engines" in caplog.text
    (folder / "subgraph.engine").touch()
    caplog.clear()
    assert cache.engine_cache(graph) == folder
    assert not caplog.records


def test_nobody_else_may_put_engines_there(graph, monkeypatch):
    on(monkeypatch)
    assert stat.S_IMODE(cache.engine_cache(graph).stat().st_mode) == 0o700


def test_a_folder_that_cannot_be_written_is_told_and_no_error(graph, monkeypatch, caplog, tmp_path):
    on(monkeypatch)
    (tmp_path / "cache").write_text("a file stands here")
    assert cache.engine_cache(graph) is None
    assert "at every start" in caplog.text


def test_a_relative_cache_folder_is_not_obeyed(graph, monkeypatch, tmp_path):
    on(monkeypatch)
    monkeypatch.setenv("XDG_CACHE_HOME", "somewhere")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert os.fspath(cache.engine_cache(graph)).startswith(str(tmp_path / ".cache"))
